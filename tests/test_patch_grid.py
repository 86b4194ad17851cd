"""Padding and positional embeddings, against plain loops over pixels."""
import math

import pytest
import torch
import torch.nn.functional as F

from mmseg_clipzs.patch_grid import (
    fit_to_grid,
    nearest,
    resize_positions,
    to_map,
)


@pytest.mark.parametrize('off_grid, size, top, left', [
    ('pad', (64, 80), 0, 0), ('pad_even', (64, 80), 7, 2)])
def test_padding(off_grid, size, top, left):
    x = torch.randn(2, 3, 50, 76)
    want = torch.zeros(2, 3, *size)
    want[:, :, top:top + 50, left:left + 76] = x
    assert torch.equal(fit_to_grid(x, (16, 16), off_grid), want)


def test_dropping():
    x, weight = torch.randn(2, 3, 50, 76), torch.randn(5, 3, 16, 16)
    got, want = (F.conv2d(each, weight, stride=16) for each in (
        fit_to_grid(x, (16, 16), 'drop'), x[..., :48, :64]))
    torch.testing.assert_close(got, want)


def test_tokens_on_their_grid():
    tokens = torch.randn(2, 6, 5)
    got = to_map(tokens, (2, 3), torch.float64)
    assert got.dtype == torch.float64 and got.shape == (2, 5, 2, 3)
    for y in range(2):
        for x in range(3):
            assert torch.equal(got[:, :, y, x], tokens[:, 3 * y + x].double())


@pytest.mark.parametrize('off_grid', ['pad', 'pad_even', 'drop'])
@pytest.mark.parametrize('size', [(1, 1), (7, 40), (40, 7), (8, 8)])
def test_at_least_one_patch(off_grid, size):
    x = torch.randn(1, 3, *size)
    got = fit_to_grid(x, (8, 8), off_grid)
    assert all(side >= 8 for side in got.shape[2:])
    assert got.sum() == pytest.approx(x.sum().item(), abs=1e-4)


@pytest.mark.parametrize('off_grid', ['pad', 'pad_even', 'drop'])
def test_whole_patches_are_not_copied(off_grid):
    x = torch.randn(1, 3, 32, 48)
    assert fit_to_grid(x, (16, 16), off_grid).data_ptr() == x.data_ptr()


def _cubic(t):
    """Cubic convolution kernel with a = -0.75."""
    t = abs(t)
    if t <= 1:
        return 1.25 * t**3 - 2.25 * t**2 + 1
    return -.75 * (t**3 - 5 * t**2 + 8 * t - 4) if t < 2 else 0


def _resize(values, size, factor):
    """Resize a list of numbers, borders replicated."""
    result = []
    for i in range(size):
        centre = (i + .5) / factor - .5
        first = math.floor(centre) - 1
        result.append(sum(
            values[min(max(j, 0), len(values) - 1)] * _cubic(centre - j)
            for j in range(first, first + 4)))
    return result


@pytest.mark.parametrize('how, extra', [('exact', 0), ('sclip', .1)])
@pytest.mark.parametrize('grid', [(3, 4), (6, 9), (2, 3)])
def test_positions(how, extra, grid):
    own, positions = (3, 4), torch.randn(12, 2)
    extra = 0 if grid == own else extra
    got = resize_positions(positions, own, grid, how)
    assert got.shape == (grid[0] * grid[1], 2)
    for channel in range(2):
        maps = positions[:, channel].view(own).tolist()
        maps = [_resize(row, grid[1], (grid[1] + extra) / 4) for row in maps]
        maps = [_resize(column, grid[0], (grid[0] + extra) / 3)
                for column in zip(*maps)]
        want = torch.tensor(maps).T.flatten()
        torch.testing.assert_close(got[:, channel], want, rtol=0, atol=1e-5)


@pytest.mark.parametrize('how', ['exact', 'antialias', 'sclip'])
@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_dtype_and_constants(how, dtype):
    positions = torch.full((12, 2), 2., dtype=dtype)
    got = resize_positions(positions, (3, 4), (5, 2), how)
    assert got.dtype == dtype
    torch.testing.assert_close(got, torch.full_like(got, 2))


@pytest.mark.parametrize('size', [(28, 28), (5, 7), (70, 91), (35, 17)])
def test_nearest(size):
    """Cells as of PyTorch, for integers of any size."""
    labels = torch.randint(2**20, (2, 70, 91))
    want = F.interpolate(labels[:, None].double(), size)[:, 0].long()
    assert torch.equal(nearest(labels, size), want)
    assert torch.equal(nearest(labels + 2**60, size), want + 2**60)
