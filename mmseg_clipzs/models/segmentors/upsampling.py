"""Window scores, upsampled lazily to the size of the image, tile by tile."""
from typing import NamedTuple

import torch
import torch.nn.functional as F

from mmseg_clipzs.utils import check_time

# Scores per tile: few enough for the caches of a CPU; many enough to keep a
# GPU busy, few enough for its memory.
_TILE = {'cpu': 2**19, 'cuda': 2**24}
_MIN_PIXELS = 2**10  # per tile, however large the vocabulary
_FEW = 2**8  # classes that are compared in one step
_NARROW = 2**5  # pixels of a tile with as many cells
_CORNERS = 100  # of a tile: with more, few words can be left out
_BEND = 1e-12  # change of a weight's slope, above the rounding of float64


def upsampling_weights(spans, cells, padding=(0, 0), flip=False, size=None,
                       align_corners=False):
    """Weights of the cells along one side for each pixel.

    Upsampling a window, averaging overlapping windows, cropping the padding,
    flipping and resizing are linear and separable: applied to unit vectors
    they yield the matrix of the whole chain.

    Args:
        spans (Spans): Windows along the side.
        cells (int): Cells of each window's map along the side.
        padding (tuple[int]): Pixels to crop at both ends.
        flip (bool): Reverse the pixels.
        size (int, optional): Final side in pixels; by default the side after
            cropping.
        align_corners (bool): See ``torch.nn.functional.interpolate``.

    Returns:
        Tensor: (size, windows * cells) float64.
    """
    def stretch(x, length):
        return F.interpolate(x[None], size=length, mode='linear',
                             align_corners=align_corners)[0]

    window = stretch(torch.eye(cells, dtype=torch.float64), spans.length)
    total = window.new_zeros(len(spans.starts), cells, spans.size)
    count = window.new_zeros(spans.size)
    for each, start in zip(total, spans.starts):
        each[:, start:start + spans.length] = window
        count[start:start + spans.length] += 1
    total = (total / count).flatten(0, 1)  # (windows * cells, pixels)
    total = total[:, padding[0]:spans.size - padding[1]]
    if flip:
        total = total.flip(1)
    return stretch(total, size or total.size(1)).t().contiguous()


class _Piece(NamedTuple):
    """Consecutive pixels along one side."""
    where: slice
    cells: torch.Tensor  # (I, ) int64, those of nonzero weight
    weights: torch.Tensor  # (pixels, I)
    ends: torch.Tensor  # (K, I), rows of ``weights`` at the ends and bends

    @property
    def length(self):
        return len(self.weights)


class Tile:
    """A rectangle of upsampled scores; see :meth:`UpsampledScores.tiles`.

    Attributes:
        where (tuple[slice]): Its rows and columns.
    """

    def __init__(self, where, maps, down=None, across=None, ends=None):
        self.where = where
        self._maps = maps  # (Q, I, J), of all cells along the width
        self._down, self._across = down, across
        self._ends = ends  # (K, J, Q), upsampled along the height

    def scores(self, words=None):
        """Scores of all pixels.

        Args:
            words (Tensor, optional): (S, ) int64; by default all.

        Returns:
            Tensor: (S, rows, columns).
        """
        maps = self._maps
        if words is not None:
            maps = maps.index_select(0, words)
        if self._down is None:
            return maps
        maps = maps.index_select(2, self._across.cells)
        return (self._down.weights @ maps) @ self._across.weights.t()

    def corners(self, share):
        """Scores of a few pixels, of which all pixels are weighted means.

        Along each side, scores are linear between the bends of the weights.
        The difference of two words is thus largest at one of these pixels.

        Args:
            share (float): Largest share of the pixels that is worth it.

        Returns:
            Tensor | None: (pixels, Q); None if they are many, or on a GPU,
            where one large step is faster than several small ones.
        """
        if self._ends is None:
            return None
        count = len(self._ends) * len(self._across.ends)
        if count > min(
                _CORNERS, share * self._down.length * self._across.length):
            return None
        ends = self._ends.index_select(1, self._across.cells)
        return (self._across.ends @ ends).flatten(0, 1)


class UpsampledScores:
    """Scores at the size of the image, computed tile by tile.

    Args:
        maps (Tensor): (Q, I, J), window scores side by side.
        rows (Tensor, optional): (H, I), from :func:`upsampling_weights`. By
            default ``maps`` have the size of the image.
        columns (Tensor, optional): (W, J), likewise.
    """

    def __init__(self, maps, rows=None, columns=None):
        self.maps, self.rows, self.columns = maps, rows, columns

    @property
    def shape(self):
        """tuple[int]: (Q, H, W)."""
        if self.rows is None:
            return tuple(self.maps.shape)
        return len(self.maps), len(self.rows), len(self.columns)

    def tiles(self):
        """Cut the image into tiles.

        Yields:
            Tile: With all Q words.
        """
        count, height, width = self.shape
        device = self.maps.device.type
        size = _TILE.get(device, _TILE['cuda'])
        side = max(int(max(size / count, _MIN_PIXELS)**0.5), 1)
        if self.rows is None:
            for y in range(0, height, side):
                for x in range(0, width, side):
                    where = slice(y, y + side), slice(x, x + side)
                    yield Tile(where, self.maps[(slice(None), *where)])
            return
        across = self._split(self.columns, side)
        for down in self._split(self.rows, side):
            maps = self.maps.index_select(1, down.cells)
            ends = None
            if device == 'cpu' and len(down.ends) * min(
                    len(piece.ends) for piece in across) <= _CORNERS:
                # Words last, for few and large products.
                cells = maps.permute(1, 2, 0)  # (I, J, Q)
                ends = (down.ends @ cells.flatten(1)).unflatten(
                    1, cells.shape[1:])
            for piece in across:
                check_time()
                yield Tile((down.where, piece.where), maps, down, piece, ends)

    def _split(self, weights, side):
        """Cut one side into pieces of at most ``side`` pixels."""
        bends = torch.zeros(len(weights), dtype=torch.bool)
        bends[1:-1] = weights.diff(n=2, dim=0).abs().amax(1) > _BEND
        between = len(weights) // (1 + int(bends.sum()))  # two bends
        # The fewer bends in a tile, the fewer words can be best in it.
        step = min(side, max(int(0.7 * side), 2 * between))
        if between < 2 and self.maps.device.type == 'cpu':
            # About as many cells as pixels: the fewer, the cheaper are both
            # products.
            step = min(side, _NARROW)
        pieces = []
        for start in range(0, len(weights), step):
            where = slice(start, min(start + step, len(weights)))
            cells = (weights[where] != 0).any(0).nonzero()[:, 0]
            # No float64 on Apple's.
            used = weights[where, cells].to(self.maps.dtype).to(
                self.maps.device)
            is_end = bends[where].clone()
            is_end[0] = is_end[-1] = True
            pieces.append(_Piece(
                where, cells.to(used.device), used, used[is_end]))
        return pieces

    def map_tiles(self, function):
        """Apply a function to the scores of every tile.

        Args:
            function (Callable): (Q, rows, columns) -> (..., rows, columns).

        Returns:
            Tensor: (..., H, W).
        """
        whole = None
        for tile in self.tiles():
            part = function(tile.scores())
            if whole is None:
                whole = part.new_empty(*part.shape[:-2], *self.shape[1:])
            whole[(..., *tile.where)] = part
        return whole

    def whole(self):
        """Tensor: All scores, (Q, H, W)."""
        return self.map_tiles(lambda scores: scores)


def first_argmax(scores):
    """``scores.argmax(0)``, several times faster on a CPU.

    Args:
        scores (Tensor): (C, ...).

    Returns:
        Tensor: (...) int64; ties go to the first class, as in NumPy.
    """
    count = len(scores)
    if scores.device.type != 'cpu':
        return scores.argmax(0)
    if count < _FEW:
        return _first_best(scores)
    # The best group of classes, then the best class of that group.
    size = int(count**0.5)
    first = size * _first_best(torch.stack(
        [group.amax(0) for group in scores.split(size)]))
    members = first + torch.arange(size).view(-1, *[1] * first.ndim)
    best = _first_best(scores.gather(0, members.clamp_(max=count - 1)))
    return (first + best).clamp_(max=count - 1)


def _first_best(scores):
    # Reductions over the leading axis are vectorised, their indices are not;
    # comparisons are if their results have the same dtype. The first of the
    # best has the highest rank.
    count, scores = len(scores), scores.detach()
    is_best = torch.eq(scores, scores.amax(0), out=torch.empty_like(scores))
    ranks = torch.arange(count, 0, -1, dtype=scores.dtype)
    highest = is_best.mul_(ranks.view(-1, *[1] * (scores.ndim - 1))).amax(0)
    # NaN equals nothing.
    return count - highest.long().clamp_(min=1)
