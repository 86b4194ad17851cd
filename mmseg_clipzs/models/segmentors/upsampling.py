"""Small maps of window scores, enlarged to the photo part by part."""
import torch
import torch.nn.functional as F
from mmengine.structures import PixelData

# Scores in a part: few enough for a processor's caches; many enough for a GPU,
# and few enough for its memory.
_PART = {'cpu': 2**19, 'cuda': 2**24}
_FEWEST = 2**9  # pixels in a part, whatever the vocabulary
_FEW = 32  # classes that are compared all at once


def upsampling_weights(spans, cells, padding=(0, 0), flip=False, size=None,
                      align_corners=False):
    """How the pixels of one side mix the cells of the windows along it.

    Enlarging a window, averaging where windows overlap, cutting off padding,
    flipping and resizing are linear and treat rows and columns alike: what
    they make of unit vectors is the matrix of all of them.

    Args:
        spans (Spans): The windows.
        cells (int): Of each window's map along this side.
        padding (tuple[int]): Pixels to cut off at both ends.
        flip (bool): Turn the order of the pixels round.
        size (int, optional): Of the photo; by default what is left.
        align_corners (bool): As for torch's ``interpolate``.

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
    """Scores of words at a photo's size, of which no more is made than asked.

    Args:
        maps (Tensor): (Q, I, J), the windows' scores side by side.
        rows (Tensor): (H, I), of :func:`upsampling_weights`.
        columns (Tensor): (W, J).
    """

    def __init__(self, maps, rows, columns):
        self.maps = maps
        self.rows, self.columns = (
            weights.to(maps) for weights in (rows, columns))

    @property
    def shape(self):
        """tuple[int]: (Q, H, W)."""
        return len(self.maps), len(self.rows), len(self.columns)

    def parts(self):
        """The whole, tile by tile, all words at once.

        Yields:
            tuple: Two slices, of rows and of columns, and the scores there,
            (Q, rows, columns).
        """
        words = len(self.maps)
        size = _PART.get(self.maps.device.type, _PART['cuda'])
        pixels = max(size // words, _FEWEST)
        height = max(int((pixels / 2)**0.5), 1)
        across = _cut(self.columns, max(pixels // height, 1))
        for ys, i, rows in _cut(self.rows, height):
            strip = rows @ self.maps.index_select(1, i)  # (Q, rows, J)
            for xs, j, columns in across:
                yield ys, xs, strip.index_select(2, j) @ columns.t()

    def map_parts(self, function):
        """What a function makes of the parts, put together.

        Args:
            function (Callable): (Q, rows, columns) -> (..., rows, columns).

        Returns:
            Tensor: (..., H, W).
        """
        whole = None
        for ys, xs, scores in self.parts():
            part = function(scores)
            if whole is None:
                whole = part.new_empty(*part.shape[:-2], *self.shape[1:])
            whole[..., ys, xs] = part
        return whole

    def whole(self):
        """Tensor: All scores, (Q, H, W)."""
        return self.map_parts(lambda scores: scores)


def _cut(weights, step):
    """Pieces of one side: where, which cells matter there, their weights."""
    pieces = []
    for start in range(0, len(weights), step):
        where = slice(start, min(start + step, len(weights)))
        cells = (weights[where] != 0).any(0).nonzero()[:, 0]
        pieces.append((where, cells, weights[where, cells]))
    return pieces


def first_argmax(scores):
    """``scores.argmax(0)``, several times as fast on a processor.

    Args:
        scores (Tensor): (C, ...).

    Returns:
        Tensor: (...) int64, the first of equal ones.
    """
    count = len(scores)
    if scores.device.type != 'cpu':
        return scores.argmax(0)
    if count < _FEW:
        return _first_best(scores)
    # The best group of classes, then the best of the group.
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


class SegLogits(PixelData):
    """``seg_logits`` of a result, made when ``data`` is first read.

    At the photo's size they need (classes x H x W) floats, which whoever
    wants label maps never reads.

    Args:
        make (Callable, optional): () -> (C, H, W).
    """

    def __init__(self, make=None, **kwargs):
        super().__init__(**kwargs)
        self.__dict__['_make'] = make

    def _fill(self):
        make = self.__dict__.get('_make')
        if make is not None:
            self.data = make()
            self.__dict__['_make'] = None  # what it holds is not needed now

    def __getattr__(self, name):
        if name == 'data':
            self._fill()
        if name not in self.__dict__:
            raise AttributeError(
                f'{type(self).__name__} has no attribute {name!r}')
        return self.__dict__[name]

    def items(self):
        """As ever; whatever moves or copies the element makes ``data``."""
        self._fill()
        return super().items()

    def __getstate__(self):
        """For pickle and deep copies, of which the model is no part."""
        self._fill()
        return self.__dict__

    def to_dict(self):
        """As ever, without ``data`` that nobody has read: evaluators turn
        every result into a dict."""
        return super().to_dict() if 'data' in self else {}
