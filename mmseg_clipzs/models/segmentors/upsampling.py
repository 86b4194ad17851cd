"""Window scores, upsampled lazily to the size of the image, tile by tile."""
import torch
import torch.nn.functional as F

# Scores per tile: few enough for the caches of a CPU; many enough to keep a
# GPU busy, few enough for its memory.
_TILE = {'cpu': 2**19, 'cuda': 2**24}
_MIN_PIXELS = 2**9  # per tile, however large the vocabulary
_FEW = 32  # classes that are compared in one step


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


class UpsampledScores:
    """Scores at the size of the image, computed tile by tile.

    Args:
        maps (Tensor): (Q, I, J), window scores side by side.
        rows (Tensor): (H, I), from :func:`upsampling_weights`.
        columns (Tensor): (W, J), likewise.
    """

    def __init__(self, maps, rows, columns):
        self.maps = maps
        self.rows, self.columns = (
            weights.to(maps.dtype).to(maps.device)  # no float64 on Apple's
            for weights in (rows, columns))

    @property
    def shape(self):
        """tuple[int]: (Q, H, W)."""
        return len(self.maps), len(self.rows), len(self.columns)

    def tiles(self):
        """Compute the scores tile by tile, all Q at once.

        Yields:
            tuple: Slice of rows, slice of columns, and the scores there,
            (Q, rows, columns).
        """
        size = _TILE.get(self.maps.device.type, _TILE['cuda'])
        pixels = max(size // len(self.maps), _MIN_PIXELS)
        height = max(int((pixels / 2)**0.5), 1)
        across = _split(self.columns, max(pixels // height, 1))
        for ys, i, rows in _split(self.rows, height):
            strip = rows @ self.maps.index_select(1, i)  # (Q, rows, J)
            for xs, j, columns in across:
                yield ys, xs, strip.index_select(2, j) @ columns.t()

    def map_tiles(self, function):
        """Apply a function to every tile and assemble the results.

        Args:
            function (Callable): (Q, rows, columns) -> (..., rows, columns).

        Returns:
            Tensor: (..., H, W).
        """
        whole = None
        for ys, xs, scores in self.tiles():
            tile = function(scores)
            if whole is None:
                whole = tile.new_empty(*tile.shape[:-2], *self.shape[1:])
            whole[..., ys, xs] = tile
        return whole

    def whole(self):
        """Tensor: All scores, (Q, H, W)."""
        return self.map_tiles(lambda scores: scores)


def _split(weights, step):
    """Slices of one side, with the cells of nonzero weight and weights."""
    pieces = []
    for start in range(0, len(weights), step):
        where = slice(start, min(start + step, len(weights)))
        cells = (weights[where] != 0).any(0).nonzero()[:, 0]
        pieces.append((where, cells, weights[where, cells]))
    return pieces


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
    # Reductions over the leading axis are vectorised, their indices are not.
    index = torch.arange(len(scores), dtype=torch.float32)
    index = torch.where(scores == scores.amax(0),
                        index.view(-1, *[1] * (scores.ndim - 1)), torch.inf)
    # NaN equals nothing.
    return index.amin(0).clamp_(max=len(scores) - 1).long()
