"""The mIoU of each dataset equals one computed directly from its files."""
import numpy as np
import pytest
from PIL import Image

from mmseg_clipzs.run.job import Job
from mmseg_clipzs.run.test import run_test

pytestmark = pytest.mark.usefixtures('one_thread')

# dataset -> vocabulary, value that --out writes for class 0
LISTS = {
    'voc': ('voc20', 0),
    'voc21': ('voc21', 0),
    'context': ('context59', 1),  # as in its masks: 0 is the background
    'context60': ('context60', 0),
    'coco_stuff': ('coco_stuff171', 0),
    'coco_object_336': ('coco_object81', 0),
    'cityscapes': ('cityscapes19', 0),
    'ade20k': ('ade20k150', 1),
}


def read(path):
    with Image.open(path) as file:
        return np.asarray(file).astype(int)


def mean_iou(data, predictions):
    """float: mIoU in percent of label maps with class indices."""
    truth = np.concatenate([read(path).ravel() for path in data.masks])
    predicted = np.concatenate([p.ravel() for p in predictions])
    known = ~np.isin(truth, data.ignored)
    truth, predicted = truth[known], predicted[known]
    truth[np.isin(truth, data.as_zero)] = data.labels[0]
    ious = []
    for c, label in enumerate(data.labels):
        union = ((truth == label) | (predicted == c)).sum()
        if union:
            ious.append(
                ((truth == label) & (predicted == c)).sum() / union)
    return 100 * np.mean(ious)


@pytest.mark.parametrize('name', LISTS)
def test_miou_from_the_files(name, miniature, tiny_config, tmp_path):
    data = miniature(name)
    vocabulary, first = LISTS[name]

    def run(out):
        cfg = tiny_config('maskclip_voc')
        base = data.config
        cfg.merge_from_dict(dict(
            model=dict(vocabulary=vocabulary),
            dataset_name=base.dataset_name))
        cfg.test_dataloader.dataset = base.test_dataloader.dataset
        cfg.test_dataloader.dataset.pipeline[1].scale = (256, 64)
        row = run_test(Job(cfg), tmp_path, out=tmp_path / out)
        assert row['dataset'] == name.removesuffix('_336')
        return row['mIoU'], [
            read(tmp_path / out / f'{path.stem}.png') - first
            for path in data.images]

    # Replace half of the ground truth by predictions: a high mIoU cannot
    # survive a shift of the labels.
    rng = np.random.default_rng(1)
    for path, predicted in zip(data.masks, run('first')[1]):
        truth = np.where(rng.random(predicted.shape) < 0.5,
                         data.labels[predicted], read(path))
        Image.fromarray(truth.astype(np.uint8)).save(path)
    miou, predictions = run('second')
    occurring = np.unique(np.concatenate([p.ravel() for p in predictions]))
    assert len(occurring) > 3
    assert miou == pytest.approx(mean_iou(data, predictions), abs=0.0051)
    shifted = [(p + 1) % len(data.labels) for p in predictions]
    assert miou > 2 * mean_iou(data, shifted)
