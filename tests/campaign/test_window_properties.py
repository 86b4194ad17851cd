"""Sliding windows and upsampling for any size, against plain code."""
from unittest.mock import patch

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from plain_segmentor import enlarge, slide

from mmseg_clipzs.models.segmentors import upsampling
from mmseg_clipzs.models.segmentors.results import upsample
from mmseg_clipzs.models.segmentors.sliding import (
    WindowGrid,
    check_windows,
    spans,
)
from mmseg_clipzs.models.segmentors.upsampling import (
    UpsampledScores,
    first_argmax,
)
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')
SIDES = st.integers(1, 40)


@st.composite
def windows(draw):
    """Size, crop and stride of windows along one side."""
    crop = draw(SIDES)
    return draw(SIDES), crop, draw(st.integers(1, crop))


def tensor(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@given(st.integers(1, 3000), st.integers(1, 3000), st.data())
def test_windows_cover_every_pixel(size, crop, data):
    stride = data.draw(st.integers(1, crop))
    found = spans(size, crop, stride)
    assert found.length == min(size, crop)
    count = torch.zeros(size, dtype=torch.long)
    for start in found.starts:
        assert 0 <= start and start + found.length <= size
        count[start:start + found.length] += 1
    assert count.min() >= 1
    # No window could be left out, and the last ends at the border.
    steps = torch.tensor(found.starts).diff()
    assert (steps[:-1] == stride).all() and (0 < steps).all()
    assert (steps <= stride).all()
    assert found.starts[-1] + found.length == size


@given(windows(), windows(), st.integers(1, 3), st.integers(1, 9),
       st.integers(0, 99))
def test_scores_of_windows_are_those_of_plain_sliding(
        rows, columns, images, batch, seed):
    """With windows that are scored pixel by pixel."""
    inputs = tensor(seed, images, 3, rows[0], columns[0])
    mix = tensor(seed + 1, 2, 3)

    def score(x):
        return torch.einsum('qc,nchw->nqhw', mix, x)

    grid = WindowGrid(images, spans(*rows), spans(*columns))
    maps = grid.assemble(map(score, grid.batches(inputs, batch)))
    expected = slide(score, inputs, (rows[1], columns[1]),
                     (rows[2], columns[2]))
    for each, wanted in zip(maps, expected):
        torch.testing.assert_close(
            upsample(each, grid, False).whole(), wanted, rtol=0, atol=1e-4)


@given(windows(), windows(), st.integers(1, 6), st.integers(1, 6),
       st.integers(1, 40), st.integers(1, 3000), st.integers(0, 99),
       st.data())
def test_upsampling_in_tiles_is_interpolation(
        rows, columns, h, w, words, tile, seed, data):
    """Windows, padding, flip and the original size, then a reduction."""
    padding = [data.draw(st.integers(0, (side - 1) // 2))
               for side in (columns[0], columns[0], rows[0], rows[0])]
    size = data.draw(st.tuples(SIDES, SIDES))
    direction = data.draw(st.sampled_from([None, 'horizontal', 'vertical']))
    grid = WindowGrid(1, spans(*rows), spans(*columns))
    inputs = tensor(seed, 1, 3, rows[0], columns[0])
    mix = tensor(seed + 1, words, 3)

    def score(x):
        return torch.einsum('qc,nchw->nqhw', mix, F.adaptive_avg_pool2d(
            x, (h, w)))

    with patch.dict(upsampling._TILE, cpu=tile), patch.object(
            upsampling, '_MIN_PIXELS', 1):
        maps, = grid.assemble(map(score, grid.batches(inputs, 3)))
        found = upsample(maps, grid, False, dict(
            padding_size=padding, ori_shape=size, flip=direction is not None,
            flip_direction=direction))
        whole = found.whole()
        best = found.map_tiles(lambda scores: scores.softmax(0).amax(0))
        labels = found.map_tiles(first_argmax)
    expected = slide(lambda x: enlarge(score(x), x.shape[2:]), inputs,
                     (rows[1], columns[1]), (rows[2], columns[2]))
    left, right, top, bottom = padding
    expected = expected[:, :, top:rows[0] - bottom, left:columns[0] - right]
    if direction:
        expected = expected.flip(3 if direction == 'horizontal' else 2)
    expected = enlarge(expected, size)[0]
    assert found.shape == expected.shape == (words, *size)
    torch.testing.assert_close(whole, expected, rtol=0, atol=1e-4)
    torch.testing.assert_close(best, expected.softmax(0).amax(0),
                               rtol=0, atol=1e-4)
    # Equal but for ties of rounding.
    chosen = expected.gather(0, labels[None])[0]
    torch.testing.assert_close(chosen, expected.amax(0), rtol=0, atol=1e-4)


@given(st.integers(1, 90), st.integers(1, 9), st.integers(1, 9),
       st.integers(1, 4), st.integers(0, 99))
def test_argmax_takes_the_first(count, h, w, levels, seed):
    scores = tensor(seed, count, h, w).mul(levels).round()
    assert torch.equal(first_argmax(scores), torch.from_numpy(
        scores.numpy().argmax(0)))


@given(st.integers(1, 70), SIDES, SIDES, st.integers(1, 3000))
def test_tiles_cover_each_pixel_once(words, h, w, tile):
    maps = UpsampledScores(torch.zeros(words, 2, 2), torch.ones(h, 2),
                           torch.ones(w, 2))
    seen = torch.zeros(h, w)
    with patch.dict(upsampling._TILE, cpu=tile), patch.object(
            upsampling, '_MIN_PIXELS', 1):
        for tile in maps.tiles():
            (ys, xs), scores = tile.where, tile.scores()
            seen[ys, xs] += 1
            assert scores.shape == (words, *seen[ys, xs].shape)
    assert (seen == 1).all()


NUMBERS = st.one_of(st.integers(-3, 99), st.floats(), st.none(),
                    st.text(max_size=3), st.booleans())


@given(st.fixed_dictionaries({}, optional=dict(
    mode=st.one_of(st.sampled_from(['slide', 'whole']), NUMBERS),
    crop_size=st.one_of(NUMBERS, st.lists(NUMBERS, max_size=3)),
    stride=st.one_of(NUMBERS, st.tuples(st.integers(1, 99),
                                        st.integers(1, 99))),
    window_batch=NUMBERS)))
def test_options_fit_or_are_refused(options):
    try:
        options = check_windows(options)
    except UserError:
        return
    if options['mode'] == 'slide':
        for size in (1, 30, 200):
            for crop, stride in zip(options['crop_size'], options['stride']):
                found = spans(size, crop, stride)
                assert found.starts[-1] + found.length == size
    assert int(options.get('window_batch') or 1) >= 1
