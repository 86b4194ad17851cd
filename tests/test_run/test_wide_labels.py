"""More than 255 classes, from the masks to the written label maps."""
import numpy as np
import pytest
from PIL import Image

from mmseg_clipzs.run.job import Job
from mmseg_clipzs.run.test import run_test
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')

IMAGES = 'a/1', 'b/1', 'a/2'


@pytest.fixture
def wide(tmp_path, tiny_config):
    """``wide(classes)``: a config for three images with masks of zeros."""
    rng = np.random.default_rng(0)
    for name in IMAGES:
        for part in ('img', 'ann'):
            (tmp_path / part / name).parent.mkdir(
                parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (4, 6, 3), np.uint8)).resize(
            (48, 32)).save(tmp_path / f'img/{name}.jpg')
        Image.fromarray(np.zeros((32, 48), np.uint16)).save(
            tmp_path / f'ann/{name}.png')

    def make(classes):
        names = [f'word {chr(97 + i % 26)}{chr(97 + i // 26)}'
                 for i in range(classes)]
        cfg = tiny_config('maskclip_toy')
        cfg.model.vocabulary = names
        cfg.test_dataloader.dataset = dict(
            type='BaseSegDataset', data_root=str(tmp_path),
            data_prefix=dict(img_path='img', seg_map_path='ann'),
            metainfo=dict(classes=names), pipeline=cfg.test_pipeline)
        return cfg

    return make


def test_masks_that_equal_the_predictions(wide, tmp_path):
    job = Job(wide(300))
    run_test(job, tmp_path / 'work', out=tmp_path / 'out',
             show_dir=tmp_path / 'vis')
    labels = set()
    for name in IMAGES:
        path = tmp_path / f'out/{name}.png'
        predicted = np.asarray(Image.open(path))
        assert predicted.dtype != np.uint8
        labels |= set(predicted.ravel().tolist())
        (tmp_path / f'ann/{name}.png').write_bytes(path.read_bytes())
    assert max(labels) > 255
    row = run_test(job, tmp_path / 'work')
    assert row['mIoU'] == row['aAcc'] == 100
    assert len(row['class_iou']) == 300
    pictures = tmp_path / 'vis/vis_data/vis_image'
    assert {str(path.relative_to(pictures)) for path in pictures.rglob(
        '*.png')} == {'a/test_1.jpg_0.png', 'b/test_1.jpg_0.png',
                      'a/test_2.jpg_0.png'}


@pytest.mark.parametrize('label', [12, 200, 300])
def test_a_label_of_no_class(label, wide, tmp_path):
    """Also in a pipeline without CheckSample."""
    mask = np.zeros((32, 48), np.uint16)
    mask[3, 4] = label
    Image.fromarray(mask).save(tmp_path / 'ann/b/1.png')
    cfg = wide(12)
    for pipeline in (cfg.test_pipeline, [
            step for step in cfg.test_pipeline
            if step.type != 'CheckSample']):
        cfg.test_dataloader.dataset.pipeline = pipeline
        with pytest.raises(UserError, match=(
                rf'ann/b/1.png has labels outside the 12 classes: {label}\.')):
            run_test(Job(cfg), tmp_path / 'work')
