import torch
import torch.nn.functional as F
from mmseg.registry import MODELS

from mmseg_clipzs.utils import UserError, import_optional

from .maskclip_head import MaskClipHead

# Closer than this (unit-length features) is rounding.
_SMALLEST_BANDWIDTH = 1e-6


def _sklearn():
    """scikit-learn, which this head alone needs; its import takes a second."""
    for name in ('sklearn.metrics.pairwise', 'sklearn.cluster'):
        import_optional(name, 'cluster', 'ClusterHead', 'scikit-learn')
    import sklearn
    return sklearn


@MODELS.register_module()
class ClusterHead(MaskClipHead):
    """Cosine of the mean feature of each location's group with the text.

    The baselines of GroupViT (arXiv 2202.11094), table 4: locations are
    grouped, each image by itself, by clustering their unit-length features,
    without parameters; :class:`MaskClipHead` is its pixel-wise one. What the
    paper leaves open is as scikit-learn has it.

    Args:
        in_channels (int): Width D of the joint space; the segmentor fills it
            in.
        method (str): 'kmeans' (the best of ten starts), 'mean_shift' (flat
            kernel), or 'spectral' (normalised cuts of the complete graph with
            weights exp(-|a - b|^2)).
        num_groups (int): Of 'kmeans' and 'spectral'; where no more locations
            than this differ, each is a group. GroupViT ends with 8.
        bandwidth (float, optional): Of 'mean_shift': radius of its kernel; two
            features lie at most 2 apart. By default each image's mean distance
            from a location to the farthest of its nearest ``quantile``.
        quantile (float): Of 'mean_shift' without ``bandwidth``: share of the
            locations, in (0, 1].
        seed (int): Of the random starts, the same for every image.
        kwargs: Further options of :class:`MaskClipHead`.

    Raises:
        UserError: Options out of range, or scikit-learn is missing.
    """

    def __init__(self, in_channels, method='kmeans', num_groups=8,
                 bandwidth=None, quantile=0.3, seed=0, **kwargs):
        super().__init__(in_channels, **kwargs)
        if method not in self._METHODS:
            raise UserError(f'method={method!r} is unknown; choose one of '
                            f'{sorted(self._METHODS)}.')
        for option, value, smallest in (('num_groups', num_groups, 1),
                                        ('seed', seed, 0)):
            if not isinstance(value, int) or value < smallest:
                raise UserError(f'{option} is a whole number of {smallest} '
                                f'or more, but got {value!r}.')
        if bandwidth is not None and not bandwidth > 0:
            raise UserError('bandwidth is larger than 0, or None to estimate '
                            f'it, but got {bandwidth!r}.')
        if not 0 < quantile <= 1:
            raise UserError(f'quantile lies in (0, 1], but got {quantile!r}.')
        _sklearn()
        self.method = method
        self.num_groups = num_groups
        self.bandwidth = bandwidth
        self.quantile = quantile
        self.seed = seed

    def forward(self, inputs):
        """Classify each location by its group.

        Args:
            inputs (tuple[Tensor]): As for :class:`MaskClipHead`.

        Returns:
            Tensor: (N, Q, h, w); as of :class:`MaskClipHead`.
        """
        from threadpoolctl import threadpool_limits  # of scikit-learn

        # So many steps so small: more threads only wait for one another.
        with threadpool_limits(1):
            means = torch.stack(
                [self._group_means(image) for image in inputs[0]])
        return super().forward((means, *inputs[1:]))

    def _group_means(self, features):
        """The mean unit-length feature of each location's group, (D, h, w)."""
        # (D, h, w) -> (h * w, D); float64, as distances of features that are
        # nearly equal would drown in rounding.
        points = F.normalize(features.detach().cpu().double().flatten(1).T)
        distinct, groups = points.unique(dim=0, return_inverse=True)
        split, is_counted = self._METHODS[self.method]
        if not is_counted or len(distinct) > self.num_groups:
            groups = torch.from_numpy(split(self, points.numpy())).long()
        sizes = groups.bincount()  # (G, ); of an empty one no mean is used
        sums = points.new_zeros(len(sizes), points.size(1)).index_add_(
            0, groups, points)
        means = (sums / sizes[:, None])[groups]  # (h * w, D)
        return means.T.unflatten(1, features.shape[1:]).to(features)

    # ------------------------- unit-length (h * w, D) float64 -> group (h * w)
    def _kmeans(self, points):
        return _sklearn().cluster.k_means(
            points, self.num_groups, n_init=10, random_state=self.seed)[1]

    def _mean_shift(self, points):
        cluster = _sklearn().cluster
        bandwidth = self.bandwidth or cluster.estimate_bandwidth(
            points, quantile=self.quantile)
        # It is 0 for a handful of locations, and where most of them are equal.
        return cluster.mean_shift(
            points, bandwidth=max(bandwidth, _SMALLEST_BANDWIDTH))[1]

    def _spectral(self, points):
        sklearn = _sklearn()
        # Positive everywhere: the graph is connected, whatever the features.
        weights = sklearn.metrics.pairwise.rbf_kernel(points, gamma=1)
        return sklearn.cluster.spectral_clustering(
            weights, n_clusters=self.num_groups, random_state=self.seed)

    _METHODS = {  # function, whether it takes the number of groups
        'kmeans': (_kmeans, True),
        'mean_shift': (_mean_shift, False),
        'spectral': (_spectral, True),
    }
