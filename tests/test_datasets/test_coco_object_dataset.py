import json
import sys

import numpy as np
import pytest
from mmseg.datasets import COCOStuffDataset
from mmseg.registry import DATASETS
from PIL import Image

from mmseg_clipzs.datasets import CocoObjectDataset
from mmseg_clipzs.datasets.coco_object_dataset import write_masks
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.vocabularies import get_vocabulary

NAMES = COCOStuffDataset.METAINFO['classes'][:80]
# COCO's category ids run up to 90, with ten gaps.
IDS = [i for i in range(1, 91)
       if i not in (12, 26, 29, 30, 45, 66, 68, 69, 71, 83)]
H, W = 12, 20


def box(top, left, bottom, right):
    """A rectangle as a COCO polygon x, y, x, y, ..."""
    return [left, top, right, top, right, bottom, left, bottom]


def rle(mask):
    """COCO's uncompressed RLE: by column, zeros first."""
    values = mask.T.ravel()  # (H, W) -> (W * H, )
    ends = np.flatnonzero(np.diff(values)) + 1
    runs = np.diff([0, *ends, len(values)]).tolist()
    return dict(size=list(mask.shape),
                counts=[0] * bool(values[0]) + runs)


# ------------------------------------------------------------- the dataset
def test_labels_from_coco_stuffs_masks(tmp_path):
    """Objects move up by one; stuff and unlabelled pixels are background."""
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


def test_classes():
    classes = CocoObjectDataset.METAINFO['classes']
    assert classes == ('background', *NAMES)
    assert classes == get_vocabulary(
        'coco_object80').with_background().classes
    assert len(CocoObjectDataset.METAINFO['palette']) == 81


# ------------------------------------------------------------- write_masks
@pytest.fixture
def instances(tmp_path):
    """Annotations of two images: polygons, a crowd as RLE, overlaps."""
    crowd = np.zeros((H, W), np.uint8)
    crowd[:, 10:] = 1

    def thing(name, area, segmentation, iscrowd=0, image=1):
        return dict(image_id=image, category_id=IDS[NAMES.index(name)],
                    area=area, iscrowd=iscrowd, segmentation=segmentation)

    annotations = [
        thing('toothbrush', 4, [box(3, 3, 5, 5)]),
        thing('couch', 64, [box(2, 1, 10, 7), box(2, 8, 10, 10)]),
        thing('person', 120, rle(crowd), iscrowd=1),
        thing('hot dog', 200, [box(0, 12, 12, 20)]),  # larger than the crowd
    ]
    path = tmp_path / 'instances_val2017.json'
    path.write_text(json.dumps(dict(
        images=[dict(id=1, file_name='000000000139.jpg', height=H, width=W),
                dict(id=2, file_name='000000000285.jpg', height=5, width=7)],
        annotations=[dict(each, id=i) for i, each in enumerate(annotations)],
        categories=[dict(id=i, name=name) for i, name in zip(IDS, NAMES)])))
    return path


def test_write_masks(instances, tmp_path):
    assert write_masks(instances, tmp_path / 'masks') == 2
    expected = np.full((H, W), 255)
    expected[:, 10:] = NAMES.index('person')
    expected[:, 12:] = NAMES.index('hot dog')
    expected[2:10, 1:7] = expected[2:10, 8:10] = NAMES.index('couch')
    expected[3:5, 3:5] = NAMES.index('toothbrush')
    with Image.open(tmp_path / 'masks/000000000139_labelTrainIds.png') as file:
        assert np.array_equal(np.asarray(file), expected)
    with Image.open(tmp_path / 'masks/000000000285_labelTrainIds.png') as file:
        assert np.array_equal(np.asarray(file), np.full((5, 7), 255))
    assert len(list((tmp_path / 'masks').iterdir())) == 2
    assert write_masks(instances, tmp_path / 'masks') == 2  # its own


def test_masks_of_coco_stuff_are_not_replaced(instances, tmp_path):
    """They have the same names."""
    mask = tmp_path / '000000000285_labelTrainIds.png'
    Image.new('L', (7, 5), 9).save(mask)
    with pytest.raises(UserError, match='285_labelTrainIds.png exists and'):
        write_masks(instances, tmp_path)
    with Image.open(mask) as image:
        assert image.getpixel((0, 0)) == 9
    assert len(list(tmp_path.glob('*.png'))) == 1


@pytest.mark.parametrize('text', [
    '[]', '?', '{}', '{"images": [], "annotations": []}',
    '{"images": [], "annotations": [], "categories": [{"id": 1}]}',
    '{"images": [], "annotations": [], '
    '"categories": [{"id": 1, "name": "dragon"}]}'])
def test_write_masks_from_another_file(tmp_path, text):
    (tmp_path / 'other.json').write_text(text)
    with pytest.raises(UserError, match='does not hold COCO instances'):
        write_masks(tmp_path / 'other.json', tmp_path)


def test_write_masks_from_a_missing_file(tmp_path):
    with pytest.raises(UserError, match='No file at .*gone.json'):
        write_masks(tmp_path / 'gone.json', tmp_path)


def test_write_masks_without_pycocotools(instances, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'pycocotools', None)
    monkeypatch.delitem(sys.modules, 'pycocotools.coco', raising=False)
    with pytest.raises(UserError, match=r'pip install "mmseg_clipzs\[coco\]"'):
        write_masks(instances, tmp_path)
