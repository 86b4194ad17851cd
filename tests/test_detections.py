"""Results as detections: read back and drawn by supervision itself."""
import sys

import cv2
import numpy as np
import pytest

from mmseg_clipzs.apis import ZeroShotInferencer, ZeroShotResult
from mmseg_clipzs.utils import UserError

CLASSES = ('background', 'cat', 'dog', 'grass')


def result_of(mask, classes=CLASSES, scored=True):
    """A result with this mask and random probabilities."""
    mask = np.array(mask)
    scores = np.random.default_rng(0).random(
        (len(classes), *mask.shape), dtype=np.float32)

    def confidence(labels):
        return np.take_along_axis(scores, labels[None], 0)[0]

    return ZeroShotResult(
        name='cat', photo=np.zeros((*mask.shape, 3), np.uint8), mask=mask,
        make_scores=lambda: scores, classes=classes,
        palette=[[0, 0, 0]] * len(classes),
        make_confidence=confidence if scored else None)


@pytest.fixture(scope='module')
def supervision():
    return pytest.importorskip('supervision')


@pytest.fixture(scope='module')
def random_result():
    """20 x 30 pixels, with ignored ones and without "dog"."""
    labels = np.random.default_rng(1).choice(
        [0, 1, 3, 255], (20, 30), p=[.4, .2, .3, .1])
    return result_of(labels)


def test_one_for_each_class(supervision, random_result):
    found = random_result.to_detections()
    assert isinstance(found, supervision.Detections) and len(found) == 2
    assert found.class_id.tolist() == [1, 3]
    assert found.data['class_name'].tolist() == ['cat', 'grass']
    for index, mask, score in zip(
            found.class_id, found.mask, found.confidence):
        where = random_result.mask == index
        assert mask.dtype == bool and np.array_equal(mask, where)
        assert score == pytest.approx(
            random_result.scores[index][where].mean(), abs=1e-6)
    ys, xs = np.nonzero(random_result.mask == 1)
    assert found.xyxy[0].tolist() == [xs.min(), ys.min(), xs.max(), ys.max()]


@pytest.mark.parametrize('regions', [False, True])
def test_the_label_map_again(random_result, regions):
    """Every pixel is in exactly one mask, unless it is ignored."""
    pytest.importorskip('supervision')
    found = random_result.to_detections(regions, background=True)
    assert found.mask.sum(0).max() == 1
    again = np.full((20, 30), 255)
    for index, mask in zip(found.class_id, found.mask):
        again[mask] = index
    assert np.array_equal(again, random_result.mask)


def test_regions(supervision):
    """Diagonal neighbours are connected; small regions can be left out."""
    result = result_of([[1, 0, 0, 2], [0, 1, 0, 2], [0, 0, 0, 0],
                        [2, 0, 255, 1]])
    found = result.to_detections(regions=True)
    assert found.class_id.tolist() == [1, 1, 2, 2]
    assert [mask.sum() for mask in found.mask] == [2, 1, 2, 1]
    large = result.to_detections(regions=True, min_area=2)
    assert large.class_id.tolist() == [1, 2]
    assert all(cv2.connectedComponents(mask.astype(np.uint8))[0] == 2
               for mask in found.mask)


def test_nothing_found(supervision):
    for mask in (np.zeros((4, 5), int), np.full((4, 5), 255)):
        found = result_of(mask).to_detections()
        assert len(found) == 0 and found.is_empty()
        assert list(found['class_name']) == list(found.confidence) == []
        scene = np.zeros((4, 5, 3), np.uint8)
        assert not supervision.MaskAnnotator().annotate(scene, found).any()


def test_annotators_draw_them(supervision, random_result):
    found = random_result.to_detections()
    scene = np.zeros((20, 30, 3), np.uint8)
    drawn = supervision.MaskAnnotator(opacity=1).annotate(
        scene.copy(), found)
    assert np.array_equal(drawn.any(2), np.isin(random_result.mask, [1, 3]))
    labels = [f'{name} {score:.0%}' for name, score in zip(
        found['class_name'], found.confidence)]
    for annotator in (supervision.BoxAnnotator(), supervision.LabelAnnotator(),
                      supervision.PolygonAnnotator()):
        more = dict(labels=labels) if 'Label' in str(annotator) else {}
        assert annotator.annotate(scene.copy(), found, **more).any()


def test_of_predictions(supervision):
    inferencer = ZeroShotInferencer('maskclip_toy', device='cpu')
    photo = np.random.default_rng(0).integers(
        0, 256, (40, 50, 3), dtype=np.uint8)
    result, = inferencer(photo, 'sun; grass; sea')
    found = result.to_detections()
    assert found.class_id.tolist() == np.unique(result.mask).tolist()
    assert ((0 < found.confidence) & (found.confidence <= 1)).all()
    assert result_of(result.mask, scored=False).to_detections(
        ).confidence is None


@pytest.mark.parametrize('options, message', [
    (dict(regions='no'), "regions must be True or False, but got 'no'"),
    (dict(background=1), 'background must be True or False'),
    (dict(min_area=0), r'min_area must be a whole number in \[1, inf\)')])
def test_wrong_options(supervision, random_result, options, message):
    with pytest.raises(UserError, match=message):
        random_result.to_detections(**options)


def test_without_supervision(monkeypatch, random_result):
    monkeypatch.setitem(sys.modules, 'supervision', None)
    with pytest.raises(UserError, match=(
            r'to_detections\(\) needs supervision, which is not installed: '
            r'pip install "mmseg_clipzs\[supervision\]"')):
        random_result.to_detections()
