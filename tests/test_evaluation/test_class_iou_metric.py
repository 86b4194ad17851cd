import numpy as np
import pytest
from mmseg.evaluation import IoUMetric
from mmseg.registry import METRICS
from PIL import Image

from mmseg_clipzs.evaluation import ClassIoUMetric
from mmseg_clipzs.utils import UserError


def test_equals_plain_counting(evaluate, plain_iou):
    metric = METRICS.build(dict(type='ClassIoUMetric'))
    figures = evaluate(metric)
    assert list(metric.class_iou) == list(plain_iou)
    np.testing.assert_allclose(
        list(metric.class_iou.values()), list(plain_iou.values()), rtol=1e-5)
    assert metric.class_iou['cat'] == 0
    assert np.isnan(metric.class_iou['unicorn'])
    assert figures['mIoU'] == pytest.approx(
        np.nanmean(list(plain_iou.values())), abs=0.01)  # rounded by mmseg


def test_figures_are_those_of_mmseg(evaluate):
    assert evaluate(ClassIoUMetric()) == evaluate(IoUMetric())


def test_each_evaluation_replaces_the_last(evaluate):
    metric = ClassIoUMetric()
    evaluate(metric)
    first = metric.class_iou
    evaluate(metric)
    np.testing.assert_equal(metric.class_iou, first)


def test_label_maps_only(evaluate, label_maps, tmp_path):
    metric = ClassIoUMetric(format_only=True, output_dir=str(tmp_path))
    assert evaluate(metric) == {} and metric.class_iou is None
    for i, (_, guess) in enumerate(label_maps):
        with Image.open(tmp_path / f'{i}.png') as image:
            assert np.array_equal(np.asarray(image), guess)
    evaluate(metric)  # replaces its own
    Image.new('L', (4, 5)).save(tmp_path / '0.png')
    with pytest.raises(UserError, match='0.png exists and was not written'):
        evaluate(metric)
