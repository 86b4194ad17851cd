"""Label maps of any scores against the argmax and softmax of all of them."""
from unittest.mock import patch

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmseg_clipzs.models.segmentors import upsampling
from mmseg_clipzs.models.segmentors.label_map import (
    LabelMap,
    SoftmaxThreshold,
    Threshold,
)
from mmseg_clipzs.models.segmentors.results import upsample
from mmseg_clipzs.models.segmentors.sliding import WindowGrid, spans
from mmseg_clipzs.models.segmentors.upsampling import (
    UpsampledScores,
    upsampling_weights,
)

pytestmark = pytest.mark.usefixtures('one_thread')
SEEDS = st.integers(0, 999)
SIZES = st.integers(100, 20000)


def tiles(size, smallest=1):
    """Tiles of another size than usual."""
    return patch.multiple(upsampling, _MIN_PIXELS=smallest, _TILE={
        'cpu': size, 'cuda': size})


@st.composite
def upsampled(draw):
    """Scores in float64 of windows with padding, flips and any size."""
    generator = torch.Generator().manual_seed(draw(SEEDS))
    cells = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    sides = [draw(st.integers(8, 64)) for _ in cells]
    windows = []
    for side in sides:
        crop = draw(st.integers(4, 64))
        windows.append(spans(side, crop, draw(st.integers(2, crop))))
    grid = WindowGrid(1, *windows)
    words = draw(st.integers(1, 60))
    maps = torch.rand(
        words, len(grid.rows.starts) * cells[0],
        len(grid.columns.starts) * cells[1], generator=generator,
        dtype=torch.float64)
    # Some words are never the best, as most words of long lists.
    maps *= torch.rand(words, 1, 1, generator=generator).double()**.3
    direction = draw(st.sampled_from([None, 'horizontal', 'vertical']))
    return upsample(maps, grid, draw(st.booleans()), dict(
        padding_size=[draw(st.integers(0, 3)) for _ in range(4)],
        ori_shape=draw(st.tuples(st.integers(1, 90), st.integers(1, 90))),
        flip=direction is not None, flip_direction=direction))


def check(labels, scores, classes):
    """Equal to the first best of the scores, but for their rounding."""
    want = classes[torch.from_numpy(scores.numpy().argmax(0))]
    best = scores.sort(0, descending=True).values[:2]
    sure = best[0] - best[-1] > 1e-12 if len(scores) > 1 else torch.ones_like(
        want, dtype=torch.bool)
    assert torch.equal(labels[sure], want[sure])
    assert sure.double().mean() > 0.99 or scores.unique().numel() < 9


@given(upsampled(), SIZES, st.data())
def test_labels_are_the_argmax_of_all_scores(maps, size, data):
    words = maps.shape[0]
    classes = torch.tensor(sorted(data.draw(st.lists(
        st.integers(0, 9), min_size=words, max_size=words))))
    with tiles(size):
        check(LabelMap(maps).fill(classes).labels, maps.whole(), classes)


@given(upsampled(), SIZES, st.data())
def test_absent_words_and_other_tiles(maps, size, data):
    """Words are removed where a mask asks for it."""
    count = maps.shape[0]
    words = torch.tensor(sorted(data.draw(st.sets(
        st.integers(0, count - 1)))), dtype=torch.int64)
    every = torch.arange(count)
    with tiles(size):
        result = LabelMap(maps).fill(every)
        first = result.labels.clone()
        lost = ~torch.isin(first, words)
        result.fill(every[words], words, where=lost)
        whole = maps.whole()
    if not len(words):
        assert (result.labels[lost] == 0).all()
        return
    check(result.labels, whole[words], words)
    assert torch.equal(result.labels[~lost], first[~lost])


@given(upsampled(), SIZES, st.floats(.01, .99),
       st.sampled_from([1., 10., 100.]), st.booleans(), st.data())
def test_thresholds_are_those_of_the_softmax(
        maps, size, threshold, scale, plainly, data):
    """Of all words, some of which cannot win and some count twice."""
    count = maps.shape[0]
    words = torch.tensor(sorted(data.draw(st.sets(
        st.integers(0, count - 1), min_size=1))))
    shares = data.draw(st.one_of(st.none(), st.lists(
        st.integers(0, count - 1), max_size=9)))
    shares = None if shares is None else torch.tensor(
        [*range(count), *shares])
    rule = Threshold(threshold, shares, lambda scores: (
        scale * scores).log_softmax(1)) if plainly else SoftmaxThreshold(
            threshold, shares, scale)
    with tiles(size):
        result = LabelMap(maps, rule).fill(words, words)
        whole = maps.whole()
    p = (scale * (whole if shares is None else whole[shares])).softmax(
        0, dtype=torch.float64)
    p = p[words].amax(0)  # without repetitions: the first Q
    sure = (p - threshold).abs() > 1e-9
    assert torch.equal(result.below[sure], (p < threshold)[sure])
    check(result.labels, whole[words], words)


@given(SEEDS, st.integers(2, 300), st.integers(0, 3),
       st.sampled_from([400, 6000, 10**6]))
def test_the_first_of_equal_words_wins(seed, words, levels, size):
    """With numbers that are exact in float32."""
    maps = torch.randint(-levels, levels + 1, (words, 4, 8),
                         generator=torch.Generator().manual_seed(seed)).float()
    maps = UpsampledScores(maps, *(
        upsampling_weights(spans(side), cells) for side, cells in (
            (32, 4), (128, 8))))
    with tiles(size):
        labels = LabelMap(maps).fill(torch.arange(words)).labels
        whole = maps.whole()
    assert torch.equal(labels, torch.from_numpy(whole.numpy().argmax(0)))
