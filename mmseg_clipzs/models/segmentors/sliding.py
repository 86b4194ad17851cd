"""Sliding windows, in batches across images."""
from dataclasses import dataclass

import torch

from mmseg_clipzs.utils import UserError


def check_windows(test_cfg):
    """Windows must cover the image."""
    if test_cfg.get('mode') not in ('whole', 'slide'):
        raise UserError('test_cfg.mode is "whole" or "slide", but got '
                        f'{test_cfg.get("mode")!r}.')
    if test_cfg.get('window_batch', 1) < 1:
        raise UserError('window_batch is 1 or more, but got '
                        f'{test_cfg["window_batch"]}.')
    if test_cfg['mode'] == 'whole':
        return
    crop, stride = (test_cfg.get(key, ()) for key in ('crop_size', 'stride'))
    if len(crop) != 2 or len(stride) != 2 or not all(
            0 < s <= c for s, c in zip(stride, crop)):
        raise UserError(
            'Sliding windows need crop_size=(h, w) and a stride=(h, w) of '
            f'1 to the window\'s side, but got {crop} and {stride}.')


@dataclass(frozen=True)
class Spans:
    """Windows along one side of an image; they cover it.

    Attributes:
        size (int): Of the image, in pixels.
        length (int): Of each window.
        starts (tuple[int]): Their first pixels.
    """
    size: int
    length: int
    starts: tuple[int, ...]


def spans(size, crop=None, stride=None):
    """The windows along one side; without ``crop`` one, all of it.

    A side shorter than the window has one window of its own length; the last
    window ends where the image does.
    """
    if crop is None or crop >= size:
        return Spans(size, size, (0, ))
    count = (size - crop + stride - 1) // stride + 1
    return Spans(size, crop, tuple(
        min(i * stride, size - crop) for i in range(count)))


def score_windows(score, inputs, rows, columns, window_batch):
    """Scores of all windows, each at the size that the network gives.

    Args:
        score (Callable): (n, 3, height, width) -> (n, Q, h, w).
        inputs (Tensor): (N, 3, H, W).
        rows, columns (Spans): Of H and of W.
        window_batch (int): Windows that run at once, of any image.

    Returns:
        Tensor: (N, Q, R * h, S * w) of R rows of S windows, side by side.
    """
    windows = [(n, r, s) for n in range(len(inputs))
               for r in range(len(rows.starts))
               for s in range(len(columns.starts))]
    maps = None
    for start in range(0, len(windows), window_batch):
        batch = windows[start:start + window_batch]
        scores = score(torch.stack([
            inputs[n, :, rows.starts[r]:rows.starts[r] + rows.length,
                   columns.starts[s]:columns.starts[s] + columns.length]
            for n, r, s in batch]))
        if maps is None:
            q, h, w = scores.shape[1:]
            maps = scores.new_empty(
                len(inputs), q, len(rows.starts), h, len(columns.starts), w)
        for (n, r, s), one in zip(batch, scores):
            maps[n, :, r, :, s] = one
    return maps.flatten(4).flatten(2, 3)
