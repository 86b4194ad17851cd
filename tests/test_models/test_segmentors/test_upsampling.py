"""Lazy upsampling against torch's interpolation, and its parts."""

import pytest
import torch
import torch.nn.functional as F

from mmseg_clipzs.models.segmentors import upsampling
from mmseg_clipzs.models.segmentors.sliding import spans
from mmseg_clipzs.models.segmentors.upsampling import (
    UpsampledScores,
    first_argmax,
    upsampling_weights,
)

pytestmark = pytest.mark.usefixtures('one_thread')
WORDS = 'cat, kitten; dog; grass, lawn, meadow; sky; a red car'


# ------------------------------------------------------------------ weights
@pytest.mark.parametrize('size, crop, stride, cells', [
    (96, None, None, 6), (96, 64, 32, 4), (100, 48, 17, 3), (40, 64, 32, 5),
    (64, 64, 1, 64), (70, 32, 32, 2), (65, 64, 64, 4), (30, 30, 30, 1)])
@pytest.mark.parametrize('align_corners', [False, True])
@pytest.mark.parametrize('extra', [
    {}, dict(size=131), dict(size=17), dict(padding=(3, 7), size=50),
    dict(flip=True), dict(padding=(0, 9), flip=True, size=88)])
def test_weights_do_what_the_steps_do(size, crop, stride, cells,
                                      align_corners, extra):
    """On random maps, by torch's interpolation and sums over windows."""
    side = spans(size, crop, stride)
    maps = torch.randn(len(side.starts), cells, dtype=torch.float64,
                       generator=torch.Generator().manual_seed(0))

    def stretch(x, n):
        return F.interpolate(x[None, None], size=n, mode='linear',
                             align_corners=align_corners)[0, 0]

    total, count = torch.zeros(2, size, dtype=torch.float64)
    for start, one in zip(side.starts, maps):
        total[start:start + side.length] += stretch(one, side.length)
        count[start:start + side.length] += 1
    assert (count > 0).all()
    want = total / count
    first, last = extra.get('padding', (0, 0))
    want = want[first:size - last]
    want = want.flip(0) if extra.get('flip') else want
    want = stretch(want, extra.get('size', len(want)))
    got = upsampling_weights(side, cells, align_corners=align_corners,
                            **extra) @ maps.flatten()
    torch.testing.assert_close(got, want, rtol=0, atol=1e-12)


# -------------------------------------------------------------------- tiles
@pytest.mark.parametrize('tile', [1, 40, 1000, 10**9])
def test_tiles_cover_the_whole(monkeypatch, tile):
    monkeypatch.setitem(upsampling._TILE, 'cpu', tile)
    monkeypatch.setattr(upsampling, '_MIN_PIXELS', 1)
    rows = upsampling_weights(spans(40, 24, 8), 3, size=31)
    columns = upsampling_weights(spans(50, 24, 13), 3, size=57)
    maps = UpsampledScores(torch.randn(
        4, rows.size(1), columns.size(1), dtype=torch.float64,
        generator=torch.Generator().manual_seed(0)), rows, columns)
    seen = torch.zeros(31, 57)
    for tile in maps.tiles():
        (ys, xs), scores = tile.where, tile.scores()
        assert scores.shape == (4, *seen[ys, xs].shape)
        seen[ys, xs] += 1
    assert (seen == 1).all()
    torch.testing.assert_close(
        maps.whole(), torch.einsum('yi,qij,xj->qyx', rows, maps.maps, columns),
        rtol=0, atol=1e-12)


@pytest.mark.parametrize('shape', [
    (5, 7, 9), (1, 4, 4), (31, 50), (32, 50), (35, 6, 9), (300, 33)])
def test_first_argmax(shape):
    generator = torch.Generator().manual_seed(0)
    for scores in (torch.randn(shape, generator=generator),
                   torch.randint(0, 3, shape, generator=generator).float(),
                   torch.full(shape, -torch.inf)):
        assert torch.equal(first_argmax(scores), scores.argmax(0))


def test_nan_gives_a_label_all_the_same():
    for count in (3, 40):
        labels = first_argmax(torch.full((count, 2), torch.nan))
        assert labels.min() >= 0 and labels.max() < count


