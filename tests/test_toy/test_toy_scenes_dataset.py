import numpy as np
import pytest
from mmseg.registry import DATASETS

from mmseg_clipzs.toy.scenes import CLASSES, make_scene
from mmseg_clipzs.toy.voc_layout import write_voc
from mmseg_clipzs.utils import UserError


def build(root):
    return DATASETS.build(dict(
        type='ToyScenesDataset', data_root=str(root),
        ann_file='ImageSets/Segmentation/val.txt',
        data_prefix=dict(img_path='JPEGImages',
                         seg_map_path='SegmentationClass'),
        pipeline=[dict(type='LoadImageFromFile'),
                  dict(type='LoadAnnotations')]))


def test_labels_are_class_indices(tmp_path):
    write_voc(str(tmp_path / 'toy'), 1, 3, 32, seed=4)
    dataset = build(tmp_path / 'toy')
    assert len(dataset) == 3 and dataset.metainfo['classes'] == CLASSES
    for i in range(3):
        _, mask, _ = make_scene(np.random.default_rng([4, 1, i]), 32)
        np.testing.assert_array_equal(dataset[i]['gt_seg_map'], mask)


@pytest.mark.parametrize('missing', [
    'JPEGImages', 'ImageSets/Segmentation/val.txt'])
def test_scenes_that_were_not_generated(missing, tmp_path):
    root = tmp_path / 'toy'
    write_voc(str(root), 0, 1, 32)
    (root / missing).rename(tmp_path / 'elsewhere')
    with pytest.raises(UserError, match=(
            f'{root}/{missing} does not exist. Generate .*'
            f'make-toy-scenes --out {root}`')):
        build(root)
