"""LPOSS: scores propagated over a graph of all patches of an image."""
import warnings
from dataclasses import dataclass, field, fields
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F

from mmseg_clipzs.proxy import PARTS, check_proxy
from mmseg_clipzs.utils import UserError, check_number, did_you_mean

_CHUNK = 2**22  # similarities at a time, 16 MB


class PatchGraph(NamedTuple):
    """Similarities of the patches of all windows of an image.

    Attributes:
        weights (Tensor): (L, L) float32, sparse, symmetric; row sums are
            normalised, the diagonal is 0.
        cells (tuple[int]): (h, w) patches of a window; patches are in the
            order of the windows' maps side by side, L = R * h * S * w.
    """
    weights: torch.Tensor
    cells: tuple[int, int]

    def __deepcopy__(self, memo):
        return self  # torch cannot copy the weights, which nobody changes


@dataclass(frozen=True)
class Propagation:
    """Label propagation over patches (LPOSS, arXiv 2503.19777), section 3.

    The scores Y of a word become F with (I - alpha W) F = Y, where W connects
    each patch with those of most similar features, in all windows of the
    image: max(cosine, 0)^power exp(-decay distance), plus its transpose,
    without the diagonal, divided by the roots of both degrees.

    Attributes:
        proxy (dict): Arguments of :func:`mmseg_clipzs.proxy.load_proxy`.
        part (str): Features of the proxy: 'value' of its last block, 'key',
            'query', 'query+key' or 'tokens'.
        neighbours (int): Number of most similar patches k, itself included.
        power (float): Exponent of the cosines.
        decay (float): Per pixel of distance in the network's input.
        alpha (float): Weight of the neighbours.
        iterations (int): Most steps of conjugate gradients. 50 suffice;
            versions of the authors' code stop after 10 or 50.
        tolerance (float): Norm of the residual, relative to that of Y, at
            which they end.

    Raises:
        UserError: Arguments out of range.
    """
    proxy: dict = field(default_factory=lambda: dict(
        model='vit_base_patch16_224', pretrained='dino'))
    part: str = 'value'
    neighbours: int = 400
    power: float = 3.
    decay: float = 0.01
    alpha: float = 0.95
    iterations: int = 50
    tolerance: float = 1e-6

    def __post_init__(self):
        if not isinstance(self.proxy, dict):
            raise UserError('propagation.proxy takes the arguments of '
                            f'load_proxy as a dict, but got {self.proxy!r}.')
        if not isinstance(self.part, str) or self.part not in PARTS:
            raise UserError(
                f'propagation.part={self.part!r} is unknown; choose one of '
                f'{", ".join(PARTS)}.')
        for name, within, kind in (
            ('neighbours', '[1, inf)', int), ('power', '(0, inf)', float),
            ('decay', '[0, inf)', float), ('alpha', '[0, 1)', float),
            ('iterations', '[1, inf)', int), ('tolerance', '[0, 1)', float)):
            check_number(
                f'propagation.{name}', getattr(self, name), within, kind)
        check_proxy(**self.proxy)

    def graph(self, features, grid):
        """Connect the patches of an image.

        Args:
            features (Tensor): (C, R * h, S * w) of the windows side by side.
            grid (WindowGrid): Its windows, R rows of S.

        Returns:
            PatchGraph: On the device of the features.
        """
        ys, xs = (_centres(side, cells) for side, cells in zip(
            (grid.rows, grid.columns), features.shape[1:]))
        places = torch.cartesian_prod(ys, xs).to(features.device)
        weights = self._nearest(
            F.normalize(features.flatten(1).T.float(), dim=1), places)
        return PatchGraph(_normalised(weights, features.device), (
            features.size(1) // len(grid.rows.starts),
            features.size(2) // len(grid.columns.starts)))

    def _nearest(self, features, places):
        """Weights of the most similar patches.

        Args:
            features (Tensor): (L, C) float32, of length 1.
            places (Tensor): (L, 2), in pixels.

        Returns:
            csr_matrix: (L, L) float32, not symmetric.
        """
        from scipy.sparse import csr_matrix
        count = len(features)
        most, parts = min(self.neighbours, count), []
        for rows in torch.arange(count, device=features.device).split(
                max(_CHUNK // count, 1)):
            cosine, index = (features[rows] @ features.T).topk(most)
            distance = (places[rows, None] - places[index]).norm(dim=-1)
            weights = cosine.clamp(min=0)**self.power * torch.exp(
                -self.decay * distance)
            weights[index == rows[:, None]] = 0
            parts.append((weights.cpu(), index.cpu()))
        weights, index = (torch.cat(part).flatten().numpy()
                          for part in zip(*parts))
        return csr_matrix(
            (weights, index, np.arange(0, count * most + 1, most)),
            shape=(count, count))

    def __call__(self, scores, graphs, grid):
        """Propagate the scores of images.

        Args:
            scores (Tensor): (N, Q, R * h', S * w') of the windows side by
                side.
            graphs (Sequence[PatchGraph]): Of the N images; scores of windows
                with another number of patches are resized to theirs,
                bilinear.
            grid (WindowGrid): Their windows.

        Returns:
            Tensor: (N, Q, R * h, S * w).
        """
        scores = _resize(scores, graphs[0].cells, grid)
        return torch.stack([self.solve(
            graph.weights, maps.flatten(1).T.float()).T.unflatten(
                1, maps.shape[1:]).to(maps)
            for graph, maps in zip(graphs, scores)])

    def solve(self, weights, y):
        """Solve (I - alpha W) x = y by conjugate gradients, word by word.

        Args:
            weights (Tensor): (L, L) float32, W.
            y (Tensor): (L, Q) float32.

        Returns:
            Tensor: (L, Q).
        """
        x, residual = torch.zeros_like(y), y
        direction, size = residual, residual.square().sum(0)  # (Q, )
        enough, tiny = self.tolerance**2 * size, torch.finfo(y.dtype).tiny
        for _ in range(self.iterations):
            if (size <= enough).all():
                break
            image = direction - self.alpha * (weights @ direction)
            # A word that is solved exactly stays as it is: 0 / tiny.
            step = size / (direction * image).sum(0).clamp(min=tiny)
            x = x + step * direction
            residual = residual - step * image
            before, size = size, residual.square().sum(0)
            direction = residual + size / before.clamp(min=tiny) * direction
        return x


def check_propagation(options):
    """Check the option ``propagation`` of a segmentor.

    Args:
        options (dict | None): Arguments of :class:`Propagation`.

    Returns:
        Propagation | None: None without options.

    Raises:
        UserError: An unknown argument, or one out of range.
    """
    if options is None:
        return None
    known = [each.name for each in fields(Propagation)]
    if not isinstance(options, dict):
        raise UserError(f'propagation takes a dict with {", ".join(known)}, '
                        f'all optional, but got {options!r}.')
    for name in options:
        if name not in known:
            raise UserError(
                f'propagation has no option {name!r}; it takes '
                f'{", ".join(known)}.{did_you_mean(name, known)}')
    return Propagation(**options)


def _centres(side, cells):
    """Centres of the patches along one side, (windows * patches, ).

    Args:
        side (Spans): The windows.
        cells (int): Patches of all windows.
    """
    count = cells // len(side.starts)
    within = (torch.arange(count) + 0.5) * side.length / count
    return (torch.tensor(side.starts)[:, None] + within).flatten()


def _normalised(weights, device):
    """W + W^T, divided by the roots of the degrees, as a sparse tensor."""
    weights = (weights + weights.T).sorted_indices()
    degrees = np.asarray(weights.sum(axis=1)).ravel()
    scale = torch.from_numpy(
        1 / np.sqrt(np.where(degrees, degrees, np.float32(1))))
    starts, columns, values = (torch.from_numpy(part) for part in (
        weights.indptr, weights.indices, weights.data))
    values = values * scale.repeat_interleave(starts.diff()) * scale[columns]
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', 'Sparse CSR tensor support')
        return torch.sparse_csr_tensor(
            starts, columns, values, weights.shape, device=device,
            check_invariants=True)


def _resize(scores, cells, grid):
    """Resize the maps of windows side by side: (N, Q, R * h, S * w)."""
    rows, columns = len(grid.rows.starts), len(grid.columns.starts)
    if scores.shape[2:] == (rows * cells[0], columns * cells[1]):
        return scores
    windows = scores.unflatten(3, (columns, -1)).unflatten(2, (rows, -1))
    windows = windows.permute(0, 2, 4, 1, 3, 5).flatten(0, 2)
    return grid.assemble([F.interpolate(windows, cells, mode='bilinear')])
