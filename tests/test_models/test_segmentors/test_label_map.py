"""Label maps: what is computed, and special values."""
import math
from unittest.mock import patch

import numpy as np
import pytest
import torch
from mmseg.structures import SegDataSample

from mmseg_clipzs.models.segmentors import upsampling
from mmseg_clipzs.models.segmentors.label_map import LabelMap
from mmseg_clipzs.models.segmentors.sliding import spans
from mmseg_clipzs.models.segmentors.upsampling import (
    UpsampledScores,
    upsampling_weights,
)
from mmseg_clipzs.vocabularies import Vocabulary

pytestmark = pytest.mark.usefixtures('one_thread')


def tiles(size):
    """Tiles of another size than usual."""
    return patch.multiple(upsampling, _MIN_PIXELS=1, _TILE={
        'cpu': size, 'cuda': size})


def test_few_words_are_computed_of_a_large_vocabulary():
    """Where one is the best at all corners, no pixel is."""
    maps = torch.rand(500, 4, 4, generator=torch.Generator().manual_seed(0))
    maps[7] += 2
    maps[9, 2:] += 3
    maps = UpsampledScores(maps, *[upsampling_weights(spans(128), 4)] * 2)
    computed = []
    scores = upsampling.Tile.scores

    def counted(self, words=None):
        found = scores(self, words)
        computed.append(found.numel())
        return found

    with patch.object(upsampling.Tile, 'scores', counted):
        labels = LabelMap(maps).fill(torch.arange(500)).labels
    assert labels.unique().tolist() == [7, 9]
    assert 0 < sum(computed) < 500 * 128 * 128 / 100
    assert torch.equal(labels, maps.whole().argmax(0))


@pytest.mark.parametrize('scores', [torch.nan, torch.inf, -torch.inf])
def test_scores_that_are_not_finite_give_labels(scores):
    maps = torch.rand(40, 3, 3)
    maps[11, 1, 1] = scores
    maps = UpsampledScores(maps, *[upsampling_weights(spans(96), 3)] * 2)
    with tiles(5000):
        labels = LabelMap(maps).fill(torch.arange(40)).labels
    assert labels.min() >= 0 and labels.max() < 40


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_half_precision(dtype):
    maps = torch.rand(40, 3, 3, generator=torch.Generator().manual_seed(0))
    weights = [upsampling_weights(spans(96), 3)] * 2
    maps = UpsampledScores(maps.to(dtype), *weights)
    with tiles(5000):
        labels = LabelMap(maps).fill(torch.arange(40)).labels
        whole = maps.whole()
    chosen = whole.gather(0, labels[None])[0]
    assert (whole.amax(0) - chosen).float().max() < 0.02


def test_corners_span_the_tile():
    """All pixels lie between them, for any word."""
    maps = torch.randn(5, 4, 6, dtype=torch.float64,
                       generator=torch.Generator().manual_seed(0))
    maps = UpsampledScores(
        maps, upsampling_weights(spans(64), 4, (1, 0), size=200),
        upsampling_weights(spans(48, 32, 16), 3, flip=True, size=120))
    seen = 0
    with tiles(20000):
        for tile in maps.tiles():
            corners, scores = tile.corners(1 / 4), tile.scores().flatten(1)
            if corners is not None:
                seen += 1
                assert (scores <= corners.amax(0)[:, None] + 1e-12).all()
                assert (scores >= corners.amin(0)[:, None] - 1e-12).all()
                assert torch.equal(tile.scores(torch.tensor([3])),
                                   tile.scores()[3:4])
    assert seen > 4


def test_owners():
    vocabulary = Vocabulary(
        ('background', 'cat', 'bed', 'dog'),
        (('sky', 'bed'), (), ('bed', 'sofa'), ('dog', 'sofa')))
    assert vocabulary.words == ('sky', 'bed', 'sofa', 'dog')
    assert vocabulary.owners() == ([0, 1, 2, 3], [0, 0, 2, 3])
    assert vocabulary.owners({0}) == ([1, 2, 3], [2, 2, 3])
    assert vocabulary.owners({0, 2}) == ([3, 2], [3, 3])


@pytest.mark.parametrize('size', [400, 10**9])
def test_all_classes_are_too_small(zero_shot, size):
    """Two halves: each is below an area threshold of 0.6."""
    model = zero_shot(background_threshold=.01, area_threshold=.6,
                      vocabulary='background:; cat; dog')
    maps = torch.zeros(2, 1, 2)
    maps[0, 0, 0] = maps[1, 0, 1] = 1
    model.window_scores = lambda features, size: maps[None]
    with tiles(size), torch.no_grad():
        result, = model.predict(
            torch.zeros(1, 3, 32, 64), [SegDataSample(metainfo=dict(
                ori_shape=(64, 128)))])
    assert (result.pred_sem_seg.data == 0).all()
    assert np.allclose(result.seg_logits.data[0], math.log(.01))
    assert (result.seg_logits.data[1:] == -torch.inf).all()
