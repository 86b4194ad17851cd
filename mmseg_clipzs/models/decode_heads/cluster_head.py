import torch
import torch.nn.functional as F
from mmseg.registry import MODELS

from mmseg_clipzs.utils import UserError, check_number, import_optional

from .maskclip_head import MaskClipHead

# Smaller distances between unit-length features are rounding errors.
_SMALLEST_BANDWIDTH = 1e-6


def _sklearn():
    """Import scikit-learn, an optional dependency; takes a second."""
    for name in ('sklearn.metrics.pairwise', 'sklearn.cluster'):
        import_optional(name, 'cluster', 'ClusterHead', 'scikit-learn')
    import sklearn
    return sklearn


# Unit-length features (h * w, D) float64 -> group (h * w).
def _kmeans(points, num_groups, seed, **_):
    return _sklearn().cluster.k_means(
        points, num_groups, n_init=10, random_state=seed)[1]


def _mean_shift(points, bandwidth, quantile, **_):
    cluster = _sklearn().cluster
    bandwidth = bandwidth or cluster.estimate_bandwidth(
        points, quantile=quantile)
    # The estimate is 0 for few locations, or if most of them are equal.
    return cluster.mean_shift(
        points, bandwidth=max(bandwidth, _SMALLEST_BANDWIDTH))[1]


def _spectral(points, num_groups, seed, **_):
    sklearn = _sklearn()
    # All weights are positive, so the graph is connected.
    weights = sklearn.metrics.pairwise.rbf_kernel(points, gamma=1)
    return sklearn.cluster.spectral_clustering(
        weights, n_clusters=num_groups, random_state=seed)


# name -> function, whether it takes the number of groups
_METHODS = {
    'kmeans': (_kmeans, True),
    'mean_shift': (_mean_shift, False),
    'spectral': (_spectral, True),
}
_OF_PAIRS = 'mean_shift', 'spectral'


# An operator of its own: graphs contain it as a whole.
@torch.library.custom_op('mmseg_clipzs::group_means', mutates_args=(), schema=(
    '(Tensor features, str method, int num_groups, float? bandwidth, '
    'float quantile, int seed) -> Tensor'))
def group_means(features, method, num_groups, bandwidth, quantile, seed):
    """Mean unit-length feature of each location's cluster, image by image.

    Args:
        features (Tensor): (N, D, h, w).
        method, num_groups, bandwidth, quantile, seed: See
            :class:`ClusterHead`.

    Returns:
        Tensor: (N, D, h, w), without gradients.
    """
    # A dependency of scikit-learn.
    from threadpoolctl import threadpool_limits

    options = dict(num_groups=num_groups, bandwidth=bandwidth,
                   quantile=quantile, seed=seed)
    # Many small steps: more threads only wait for each other.
    with threadpool_limits(1):
        return torch.stack(
            [_group_means(image, method, options) for image in features])


@group_means.register_fake
def _(features, *_):
    return features.new_empty(features.shape)


def _group_means(features, method, options):
    # (D, h, w) -> (h * w, D). In float32, rounding would dominate the
    # distances of nearly equal features.
    points = F.normalize(features.cpu().double().flatten(1).T)
    distinct, groups = points.unique(dim=0, return_inverse=True)
    split, is_counted = _METHODS[method]
    if not is_counted or len(distinct) > options['num_groups']:
        groups = torch.from_numpy(split(points.numpy(), **options)).long()
    sizes = groups.bincount()  # (G, ); means of empty groups are not used
    sums = points.new_zeros(len(sizes), points.size(1)).index_add_(
        0, groups, points)
    means = (sums / sizes[:, None])[groups]  # (h * w, D)
    return means.T.unflatten(1, features.shape[1:]).to(features)


@MODELS.register_module()
class ClusterHead(MaskClipHead):
    """Cosine similarity of clusters of CLIP features and text embeddings.

    The grouping baselines of GroupViT (arXiv 2202.11094), table 4: the
    unit-length features of each image are clustered, and each location gets
    the scores of its cluster's mean feature. The pixel-wise baseline is
    :class:`MaskClipHead`. Details that the paper does not specify follow
    scikit-learn's defaults.

    Args:
        in_channels (int): Width D of the joint embedding space; set by the
            segmentor.
        method (str): 'kmeans' (best of ten starts), 'mean_shift' (flat
            kernel), or 'spectral' (normalised cuts of the complete graph with
            weights exp(-|a - b|^2)).
        num_groups (int): Number of clusters for 'kmeans' and 'spectral'; with
            fewer distinct features, each is a cluster. GroupViT ends with 8.
        bandwidth (float, optional): Kernel radius of 'mean_shift', positive;
            features are at most 2 apart. By default estimated per image: the
            mean distance of a location to the farthest of its neighbours.
        quantile (float): Share of the locations that are its neighbours, in
            (0, 1].
        seed (int): Seed of the random starts, the same for every image.
        kwargs: See :class:`MaskClipHead`.

    Attributes:
        compares_pairs (bool): Whether time and memory grow with the square of
            the number of locations.

    Raises:
        UserError: An option out of range, or scikit-learn is not installed.
    """

    def __init__(self, in_channels, method='kmeans', num_groups=8,
                 bandwidth=None, quantile=0.3, seed=0, **kwargs):
        super().__init__(in_channels, **kwargs)
        if method not in _METHODS:
            raise UserError(f'method={method!r} is unknown; choose one of '
                            f'{sorted(_METHODS)}.')
        check_number('num_groups', num_groups, '[1, inf)', int)
        check_number('seed', seed, f'[0, {2**32})', int)
        check_number('bandwidth', bandwidth, '(0, inf)', optional=True)
        check_number('quantile', quantile, '(0, 1]')
        _sklearn()
        self.method, self.compares_pairs = method, method in _OF_PAIRS
        self.num_groups = num_groups
        self.bandwidth = bandwidth
        self.quantile = quantile
        self.seed = seed

    def forward(self, inputs):
        """Score every location by its cluster.

        Args:
            inputs (tuple[Tensor]): As for :class:`MaskClipHead`.

        Returns:
            Tensor: (N, Q, h, w), as for :class:`MaskClipHead`.
        """
        means = group_means(
            inputs[0].detach(), self.method, self.num_groups, self.bandwidth,
            self.quantile, self.seed)
        return super().forward((means, *inputs[1:]))
