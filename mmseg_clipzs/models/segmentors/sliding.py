"""Sliding windows, in batches across images."""
import torch

from mmseg_clipzs.utils import UserError


def check_windows(test_cfg):
    """Windows must cover the image."""
    if test_cfg.get('mode') not in ('whole', 'slide'):
        raise UserError('test_cfg.mode is "whole" or "slide", but got '
                        f'{test_cfg.get("mode")!r}.')
    if test_cfg['mode'] == 'whole':
        return
    crop, stride = (test_cfg.get(key, ()) for key in ('crop_size', 'stride'))
    if len(crop) != 2 or len(stride) != 2 or not all(
            0 < s <= c for s, c in zip(stride, crop)):
        raise UserError(
            'Sliding windows need crop_size=(h, w) and a stride=(h, w) of '
            f'1 to the window\'s side, but got {crop} and {stride}.')
    if test_cfg.get('window_batch', 1) < 1:
        raise UserError('window_batch is 1 or more, but got '
                        f'{test_cfg["window_batch"]}.')


def slide(score, inputs, crop_size, stride, window_batch):
    """Scores averaged over overlapping windows.

    A side that is shorter than the window is covered by one window of that
    length.

    Args:
        score (Callable): (N, 3, h, w) -> (N, Q, h, w).
        inputs (Tensor): (N, 3, H, W).
        crop_size, stride (tuple[int]): (h, w) of the windows and their steps.
        window_batch (int): Windows that run at once.

    Returns:
        Tensor: (N, Q, H, W).
    """
    size = inputs.shape[2:]
    crop = [min(c, s) for c, s in zip(crop_size, size)]
    rows, columns = (
        _window_starts(*each) for each in zip(size, crop, stride))
    windows = [(n, slice(y, y + crop[0]), slice(x, x + crop[1]))
               for n in range(len(inputs)) for y in rows for x in columns]
    count = inputs.new_zeros(size)
    for _, y, x in windows[:len(rows) * len(columns)]:
        count[y, x] += 1
    total = None
    for start in range(0, len(windows), window_batch):
        batch = windows[start:start + window_batch]
        scores = score(torch.stack([inputs[n, :, y, x] for n, y, x in batch]))
        if total is None:
            total = scores.new_zeros(len(inputs), scores.size(1), *size)
        for (n, y, x), one in zip(batch, scores):
            total[n, :, y, x] += one
    return total.div_(count)


def _window_starts(size, crop, stride):
    """First pixels of windows that cover ``size``; the last one ends there."""
    count = max(size - crop + stride - 1, 0) // stride + 1
    return [min(i * stride, size - crop) for i in range(count)]
