import numpy as np
import pytest
import torch
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


def sample(truth, predicted, path='a.jpg', **meta):
    return dict(img_path=path, **meta, **{
        key: dict(data=torch.from_numpy(np.asarray(labels))[None])
        for key, labels in (('gt_sem_seg', truth),
                            ('pred_sem_seg', predicted))})


def metric_of(classes, **settings):
    metric = ClassIoUMetric(**settings)
    metric.dataset_meta = dict(classes=[f'c{i}' for i in range(classes)])
    return metric


@pytest.mark.parametrize('classes, ignored', [
    (254, 255), (255, 255), (256, 65535), (300, 65535)])
def test_any_number_of_classes(classes, ignored, tmp_path):
    """All classes count, also 255; the label maps are as wide as needed."""
    labels = np.arange(classes).repeat(2).reshape(2, -1)
    truth = labels.copy()
    truth[0, 0] = ignored
    metric = metric_of(classes, output_dir=str(tmp_path))
    metric.process({}, [sample(truth, labels)])
    assert metric.evaluate(1)['mIoU'] == 100
    assert list(metric.class_iou.values()) == [100] * classes
    with Image.open(tmp_path / 'a.png') as image:
        written = np.asarray(image)
        # An older Pillow reads 16 bits as 32.
        assert image.mode in (['L'] if classes < 256 else ['I;16', 'I'])
    assert np.array_equal(written, labels)


def test_counts_are_exact():
    """mmseg's are float32, in which 2**24 + 1 is 2**24."""
    metric = metric_of(2)
    truth = torch.tensor([2**24, 1])
    metric.results = [(truth, truth, truth, truth)] + [
        (torch.tensor([0, 0]), torch.tensor([1, 0]), torch.tensor([1, 0]),
         torch.tensor([0, 0]))] * 2**10
    metric.evaluate(1025)
    assert metric.class_iou['c0'] == pytest.approx(
        100 * 2**24 / (2**24 + 2**10), rel=1e-6)


@pytest.mark.parametrize('truth, predicted, message', [
    ([[0, 3], [1, 2]], [[0, 0], [0, 0]], 'The mask of a.jpg.* 3 classes: 3'),
    ([[0, -1], [1, 2]], [[0, 0], [0, 0]], 'The mask of a.jpg.* 3 classes: -1'),
    ([[0, 1], [1, 2]], [[0, 20], [0, 0]],
     'The prediction for a.jpg.* 3 classes: 20'),
])
def test_labels_of_no_class(truth, predicted, message):
    with pytest.raises(UserError, match=message):
        metric_of(3).process({}, [sample(truth, predicted)])


def test_names_of_label_maps(tmp_path):
    metric = metric_of(3, output_dir=str(tmp_path))
    metric.names = {'a/1.jpg': 'a/1', 'b/1.jpg': 'b/1'}
    for i, path in enumerate(metric.names):
        metric.process({}, [sample([[0]], [[i]], path)])
    for i, name in enumerate(metric.names.values()):
        assert np.asarray(Image.open(tmp_path / f'{name}.png')) == i


def test_written_labels_of_a_dataset_that_counts_from_1(tmp_path):
    metric = metric_of(255, output_dir=str(tmp_path))
    metric.process({}, [sample([[254]], [[254]], reduce_zero_label=True)])
    assert np.asarray(Image.open(tmp_path / 'a.png')) == 255


def test_images_that_no_process_counted(monkeypatch):
    monkeypatch.setattr(
        'mmseg_clipzs.evaluation.class_iou_metric.get_world_size', lambda: 2)
    metric = metric_of(3)
    metric.process({}, [sample([[0]], [[0]])])
    with pytest.raises(UserError, match='Only 1 of 2 images were counted'):
        metric.evaluate(2)
