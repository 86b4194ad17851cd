"""Reading masks: mmseg's transform, 16 bits, labels of no class."""
import numpy as np
import pytest
from mmseg.datasets import COCOStuffDataset, PascalVOCDataset
from mmseg.registry import TRANSFORMS
from PIL import Image

from mmseg_clipzs.datasets import CocoObjectDataset
from mmseg_clipzs.datasets.fit_loading import classes_of, fit_loading
from mmseg_clipzs.utils import UserError

VOC = PascalVOCDataset.METAINFO['classes']


def load(path, labels=None, kind='LoadLabels', mapped=None, reduce=False,
         **settings):
    """``gt_seg_map`` of a mask, written first."""
    if labels is not None:
        Image.fromarray(np.asarray(labels)).save(path)
    return TRANSFORMS.build(dict(type=kind, **settings))(dict(
        seg_map_path=str(path), seg_fields=[], label_map=mapped,
        reduce_zero_label=reduce))['gt_seg_map']


@pytest.mark.parametrize('classes, reduce, label_map', [
    (21, False, None), (20, True, None), (255, False, None),
    (20, False, PascalVOCDataset.get_label_map(list(VOC[1:]))),
    (21, False, PascalVOCDataset.get_label_map(list(VOC[::-1]))),
    (81, False, CocoObjectDataset.get_label_map())])
def test_equals_mmseg(classes, reduce, label_map, tmp_path):
    known = range(classes + reduce) if label_map is None else label_map
    labels = np.random.default_rng(0).choice(
        [*known, 255], (40, 30)).astype(np.uint8)
    args = tmp_path / 'a.png', labels
    got = load(*args, num_classes=classes, mapped=label_map, reduce=reduce)
    want = load(*args, 'LoadAnnotations', label_map, reduce)
    assert got.dtype == want.dtype == np.uint8
    assert np.array_equal(got, want)
    # In 16 bits, too, where 65535 is ignored as well.
    wide = labels.astype(np.uint16)
    wide[wide == 255] = 65535
    assert np.array_equal(want, load(
        tmp_path / 'b.png', wide, num_classes=classes, mapped=label_map,
        reduce=reduce))


@pytest.mark.parametrize('classes', [256, 300, 40000])
@pytest.mark.parametrize('reduce', [False, True])
def test_16_bits(classes, reduce, tmp_path):
    want = np.random.default_rng(0).integers(
        0, classes, (50, 40)).astype(np.uint16)
    want[0, :2] = 255, classes - 1
    on_disk = want + np.uint16(reduce)
    want[1, 0] = on_disk[1, 0] = 65535
    got = load(tmp_path / 'a.png', on_disk, num_classes=classes,
               reduce=reduce)
    assert got.dtype == np.uint16 and np.array_equal(got, want)


def test_minus_one_is_ignored(tmp_path):
    labels = np.array([[-1, 0], [3, 2]], np.int32)
    got = load(tmp_path / 'a.tif', labels, num_classes=4)
    assert got.tolist() == [[255, 0], [3, 2]]


def test_whole_numbers_in_floats(tmp_path):
    labels = np.array([[1, 0], [3, 255]], np.float32)
    assert np.array_equal(
        load(tmp_path / 'a.tif', labels, num_classes=4), labels)


@pytest.mark.parametrize('labels, classes, message', [
    (np.array([[12, 3]], np.uint8), 12, r'outside the 12 classes: 12\.'),
    (np.array([[0, 200], [77, 255]], np.uint8), 12, r': 77, 200\.'),
    (np.array([[300, 3]], np.uint16), 12, r'12 classes: 300\.'),
    (np.array([[300, 299]], np.uint16), 300, r'300 classes: 300\.'),
    (np.array([[70000, -2]], np.int32), 300, r'300 classes: -2, 70000\.'),
    (np.array([[255, 3]], np.uint8), 300, '255 need 16 bits, in which 65535'),
    (np.array([[0.5, 1]], np.float32), 12, 'has values such as 0.5'),
    (np.array([[np.nan, 1]], np.float32), 12, 'has values such as nan'),
    (np.zeros((2, 3, 3), np.uint8), 12, '3 channels of 3 x 2 pixels'),
])
def test_labels_that_are_no_class(labels, classes, message, tmp_path):
    path = tmp_path / ('a.tif' if labels.dtype.kind == 'f' or labels.min() < 0
                       else 'a.png')
    with pytest.raises(UserError, match=message) as info:
        load(path, labels, num_classes=classes)
    assert str(path) in str(info.value)


def test_damaged_and_missing(tmp_path):
    (tmp_path / 'a.png').write_text('?')
    for name, message in (('a', 'a.png is damaged'), ('b', 'No mask at .*b.')):
        with pytest.raises(UserError, match=message):
            load(tmp_path / f'{name}.png', num_classes=3)


# ------------------------------------------------------------------- configs
def test_a_step_inside_of_others():
    step = dict(type='LoadAnnotations', imdecode_backend='cv2')
    dataset = dict(type='PascalVOCDataset', pipeline=[
        dict(type='LoadImageFromFile'),
        dict(type='TestTimeAug', transforms=[[step]])])
    fit_loading(dataset)
    assert step == dict(type='LoadLabels', num_classes=21,
                        imdecode_backend='cv2')


def test_classes_of_metainfo_and_type(tmp_path):
    file = tmp_path / 'classes.txt'
    file.write_text('a\nb\n')
    for metainfo, expected in (
            (None, COCOStuffDataset.METAINFO['classes']),
            (dict(classes=['x', 'y']), ['x', 'y']),
            (dict(classes=str(file)), ['a', 'b'])):
        assert list(classes_of(dict(
            type='COCOStuffDataset', metainfo=metainfo))) == list(expected)
    assert classes_of(dict(type='ImageTextDataset')) == ()
    dataset = dict(type='ImageTextDataset',
                   pipeline=[dict(type='LoadAnnotations')])
    fit_loading(dataset)
    assert dataset['pipeline'] == [dict(type='LoadAnnotations')]


class ManyDataset(PascalVOCDataset):
    METAINFO = dict(classes=tuple(f'class {i}' for i in range(300)))


def test_a_reordered_list_of_many_classes(tmp_path):
    """mmseg maps dropped classes to 255, which is a class here."""
    kept = ManyDataset.METAINFO['classes'][298::-1]  # all but the last
    step = dict(type='LoadAnnotations')
    dataset = dict(type=ManyDataset, metainfo=dict(classes=kept),
                   pipeline=[step])
    fit_loading(dataset)
    labels = np.arange(300, dtype=np.uint16).reshape(2, 150)
    got = load(tmp_path / 'a.png', labels, step.pop('type'), **step)
    assert got.ravel().tolist() == [*range(298, -1, -1), 65535]
