import numpy as np
from mmengine.registry import init_default_scope
from mmseg.datasets import COCOStuffDataset
from mmseg.registry import DATASETS
from PIL import Image

from mmseg_clipzs.vocabularies import get_vocabulary


def test_labels_from_coco_stuffs_files(tmp_path):
    """Objects move up by one; stuff and unlabelled pixels are background."""
    init_default_scope('mmseg')
    for folder in ('images', 'masks'):
        (tmp_path / folder).mkdir()
    Image.new('RGB', (16, 16)).save(tmp_path / 'images/1.jpg')
    labels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    labels[labels > 170] = 255
    Image.fromarray(labels).save(tmp_path / 'masks/1_labelTrainIds.png')
    dataset = DATASETS.build(dict(
        type='CocoObjectDataset', data_root=str(tmp_path),
        data_prefix=dict(img_path='images', seg_map_path='masks'),
        pipeline=[dict(type='LoadImageFromFile'),
                  dict(type='LoadAnnotations')]))
    got = dataset[0]['gt_seg_map']
    assert (got == np.where(labels < 80, labels + 1, 0)).all()


def test_classes_are_those_of_coco_and_of_the_list():
    from mmseg_clipzs.datasets import CocoObjectDataset
    classes = CocoObjectDataset.METAINFO['classes']
    assert classes == (
        'background', *COCOStuffDataset.METAINFO['classes'][:80])
    assert classes == get_vocabulary(
        'coco_object80').with_background().classes
    assert len(CocoObjectDataset.METAINFO['palette']) == 81
