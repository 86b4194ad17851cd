"""Sliding windows, batched across images."""
from dataclasses import dataclass

import torch

from mmseg_clipzs.utils import (
    UserError,
    check_number,
    check_numbers,
    did_you_mean,
)


def check_windows(test_cfg, known=('mode', 'crop_size', 'stride',
                                   'window_batch')):
    """Check the options of sliding-window inference.

    Args:
        test_cfg (dict | None): ``mode``, ``crop_size``, ``stride``,
            ``window_batch``; None or an empty dict for whole images.
        known (Sequence[str]): The options that there are.

    Returns:
        dict: The options, with ``mode``.

    Raises:
        UserError: An unknown option or mode, or windows that do not cover the
            image.
    """
    if not isinstance(test_cfg or {}, dict):
        raise UserError(f'test_cfg must be a dict, but got {test_cfg!r}.')
    test_cfg = dict(test_cfg or dict(mode='whole'))
    for key in test_cfg:
        if key not in known:
            raise UserError(
                f'test_cfg has no option {key!r}; it takes '
                f'{", ".join(known)}.{did_you_mean(key, known)}')
    if test_cfg.get('mode') not in ('whole', 'slide'):
        raise UserError('test_cfg.mode must be "whole" or "slide", but got '
                        f'{test_cfg.get("mode")!r}.')
    check_number('test_cfg.window_batch', test_cfg.get('window_batch'),
                 '[1, inf)', int, optional=True)
    if test_cfg['mode'] == 'whole':
        return test_cfg
    crop, stride = (
        check_numbers(f'test_cfg.{key}', test_cfg.get(key), '[1, inf)', int, 2)
        for key in ('crop_size', 'stride'))
    if not all(s <= c for s, c in zip(stride, crop)):
        raise UserError(
            'Sliding windows need crop_size=(h, w) and stride=(h, w) with '
            f'0 < stride <= crop_size, but got {crop} and {stride}.')
    return test_cfg


@dataclass(frozen=True)
class Spans:
    """Windows along one side of an image.

    Attributes:
        size (int): Side of the image in pixels.
        length (int): Side of each window in pixels.
        starts (tuple[int]): First pixel of each window.
    """
    size: int
    length: int
    starts: tuple[int, ...]


def spans(size, crop=None, stride=None):
    """Place windows along one side, as mmseg's ``slide_inference`` does.

    A side shorter than the window has a single window of that length; the last
    window ends at the border.

    Args:
        size (int): Side of the image in pixels.
        crop (int, optional): Side of the windows; by default the whole side.
        stride (int, optional): Distance between windows.

    Returns:
        Spans: Windows that cover the side.
    """
    if crop is None or crop >= size:
        return Spans(size, size, (0, ))
    count = (size - crop + stride - 1) // stride + 1
    return Spans(size, crop, tuple(
        min(i * stride, size - crop) for i in range(count)))


@dataclass(frozen=True)
class WindowGrid:
    """All windows of a batch of images of one size.

    Attributes:
        images (int): N.
        rows, columns (Spans): Windows along the height and the width.
    """
    images: int
    rows: Spans
    columns: Spans

    @property
    def window_size(self):
        """tuple[int]: (height, width) of each window in pixels."""
        return self.rows.length, self.columns.length

    def __len__(self):
        return self.images * len(self.rows.starts) * len(self.columns.starts)

    def __iter__(self):
        """Yields: tuple[int]: Image, row and column of each window."""
        for n in range(self.images):
            for r in range(len(self.rows.starts)):
                for s in range(len(self.columns.starts)):
                    yield n, r, s

    def batches(self, inputs, size):
        """Crop the windows.

        Args:
            inputs (Tensor): (N, ..., H, W).
            size (int): Windows per batch; a batch may span several images.

        Yields:
            Tensor: (size or fewer, ..., height, width).
        """
        windows, (height, width) = list(self), self.window_size
        for start in range(0, len(windows), size):
            yield torch.stack([
                inputs[n, ..., y:y + height, x:x + width]
                for n, r, s in windows[start:start + size]
                for y, x in [(self.rows.starts[r], self.columns.starts[s])]])

    def assemble(self, scores):
        """Put the scores of the windows side by side.

        Args:
            scores (Iterable[Tensor]): (n, Q, h, w) for each batch of
                :meth:`batches`.

        Returns:
            Tensor: (N, Q, R * h, S * w) for R rows of S windows.
        """
        windows, maps = iter(self), None
        for batch in scores:
            if maps is None:
                q, h, w = batch.shape[1:]
                maps = batch.new_empty(
                    self.images, q, len(self.rows.starts), h,
                    len(self.columns.starts), w)
            for one, (n, r, s) in zip(batch, windows):
                maps[n, :, r, :, s] = one
        return maps.flatten(4).flatten(2, 3)


@dataclass(frozen=True)
class EncodedImages:
    """Features of images, independent of the vocabulary.

    Attributes:
        images (Tensor): (N, 3, H, W), normalised.
        grid (WindowGrid): The windows over the images.
        features (tuple): Output of ``extract_feat`` for each batch of windows.
        whole (tuple): That for each whole image, if the segmentor needs it.
        regions (tuple): ``regions`` of each image's sample, if the segmentor
            uses them.
        graphs (tuple[PatchGraph]): Of each image, if the segmentor propagates
            scores.
    """
    images: torch.Tensor
    grid: WindowGrid
    features: tuple
    whole: tuple = ()
    regions: tuple = ()
    graphs: tuple = ()
