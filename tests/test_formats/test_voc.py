import numpy as np
import pytest
import torch
from label_maps import label_map
from mmengine.structures import PixelData
from mmseg.datasets import BaseSegDataset, PascalVOCDataset
from mmseg.evaluation import IoUMetric
from PIL import Image

import mmseg_clipzs  # noqa: F401  registers what mmseg's data sets need
from mmseg_clipzs.datasets.images import SampleError
from mmseg_clipzs.formats import make_formats
from mmseg_clipzs.utils import NotOursError, UserError
from mmseg_clipzs.visualization import voc_palette

LISTED = 'ImageSets/Segmentation/default.txt'


def read(kind, folder, **settings):
    return kind(
        data_root=str(folder / 'voc'), img_suffix='.jpg',
        seg_map_suffix='.png', data_prefix=dict(
            img_path='JPEGImages', seg_map_path='SegmentationClass'),
        pipeline=[dict(type='LoadImageFromFile'),
                  dict(type='LoadAnnotations'), dict(type='PackSegInputs')],
        **settings)


def miou(dataset, masks):
    """float: mIoU of label maps, by mmseg's own metric."""
    metric = IoUMetric(iou_metrics=['mIoU'])
    metric.dataset_meta = dataset.metainfo
    for item, mask in zip(dataset, masks):
        sample = item['data_samples']
        assert item['inputs'].shape[1:] == mask.shape
        # Of ignored pixels, mmseg's metric takes what it likes.
        predicted = torch.from_numpy(np.where(mask == 255, 0, mask))
        sample.pred_sem_seg = PixelData(data=predicted[None])
        metric.process(None, [sample.to_dict()])
    return metric.evaluate(len(masks))['mIoU']


@pytest.mark.parametrize('background', [True, False])
def test_read_by_mmseg(make_result, write, tmp_path, background):
    classes = ['background'] * background + ['cat', 'grass, lawn', 'sky']
    masks = [label_map(seed, len(classes)) for seed in range(3)]
    names = ['a', 'b c', 'sub/a']
    write('voc', tmp_path, [make_result(name, mask, classes)
                            for name, mask in zip(names, masks)])
    dataset = read(
        BaseSegDataset, tmp_path, ann_file=LISTED,
        metainfo=dict(classes=classes), reduce_zero_label=not background)
    assert miou(dataset, masks) == 100
    assert miou(dataset, [np.roll(mask, 9, 1) for mask in masks]) < 90
    for item, mask in zip(dataset, masks):
        np.testing.assert_array_equal(
            item['data_samples'].gt_sem_seg.data[0], mask)
    # Without the list it reads the folder.
    assert len(read(BaseSegDataset, tmp_path, metainfo=dict(
        classes=classes))) == 3


def test_read_by_mmsegs_pascal_voc(make_result, write, voc_root, tmp_path):
    """Real photos: the files themselves and equal label maps."""
    names = ['2007_000032', '2007_000033', '2007_000061']
    paths = [voc_root / f'JPEGImages/{name}.jpg' for name in names]
    masks = [np.array(Image.open(
        voc_root / f'SegmentationClass/{name}.png'), np.int64)
        for name in names]
    classes = PascalVOCDataset.METAINFO['classes']
    write('voc', tmp_path, [
        make_result(path.stem, mask, classes, np.array(Image.open(path)), path)
        for path, mask in zip(paths, masks)])
    assert miou(read(PascalVOCDataset, tmp_path, ann_file=LISTED),
                masks) == 100
    for path in paths:
        copy = tmp_path / 'voc/JPEGImages' / path.name
        assert copy.read_bytes() == path.read_bytes()


def test_colours_are_those_of_the_label_map(make_result, write, tmp_path):
    """As CVAT reads them: by colour, ignored pixels as the background."""
    classes = ['cat', 'background', 'dog']
    mask = np.array([[0, 1, 2, 255]])
    write('voc', tmp_path, [make_result('a', mask, classes)])
    lines = (tmp_path / 'voc/labelmap.txt').read_text().splitlines()
    colours = {}
    for line in lines:
        if line[0] != '#':
            name, rgb, parts, actions = line.split(':')
            colours[tuple(map(int, rgb.split(',')))] = name
    assert [*colours.values()] == ['background', 'cat', 'dog']
    for kind in ('Class', 'Object'):
        with Image.open(tmp_path / f'voc/Segmentation{kind}/a.png') as image:
            assert np.asarray(image).tolist() == [[1, 0, 2, 255]]
            assert [colours[tuple(pixel)] for pixel in np.asarray(
                image.convert('RGB'))[0].tolist()] == [
                    'cat', 'background', 'dog', 'background']


@pytest.mark.parametrize('count, fits', [(254, True), (255, False),
                                         (300, False)])
def test_number_of_classes(make_result, write, tmp_path, count, fits):
    classes = [f'class {i}' for i in range(count)]
    mask = np.arange(count)[None]
    if not fits:
        with pytest.raises(UserError, match='holds 254 classes'):
            write('voc', tmp_path, [make_result('a', mask, classes)])
        return
    write('voc', tmp_path, [make_result('a', mask, classes)])
    with Image.open(tmp_path / 'voc/SegmentationClass/a.png') as image:
        np.testing.assert_array_equal(np.asarray(image), mask + 1)


@pytest.mark.parametrize('name', ['10:30', 'a\nb', '#1', ' cat', ''])
def test_names_that_labelmap_cannot_hold(tmp_path, name):
    with pytest.raises(UserError, match='labelmap.txt .* cannot hold'):
        make_formats(['voc'], tmp_path, ['dog', name], voc_palette(2))


@pytest.mark.parametrize('name', ['café', '猫/cat', 'a, "b"', "it's"])
def test_names_that_it_can_hold(make_result, write, tmp_path, name):
    write('voc', tmp_path, [make_result('a', np.zeros((2, 2), int), [name])])
    lines = (tmp_path / 'voc/labelmap.txt').read_text('utf-8').splitlines()
    assert lines[-1] == f'{name}:128,0,0::'


@pytest.mark.parametrize('name', ['a\nb', '#1', ' a', 'a '])
def test_photos_whose_names_a_list_cannot_hold(tmp_path, name):
    kind, = make_formats(['voc'], tmp_path, ['cat'], voc_palette(1))
    kind.check('a b/#1')
    with pytest.raises(SampleError, match='cannot hold the photo'):
        kind.check(name)


# ------------------------------------------------------------------- photos
def upright(path):
    with Image.open(path) as image:
        assert image.getexif().get(0x0112, 1) == 1
        return np.asarray(image)


def test_photos_of_other_files_are_encoded(make_result, write, tmp_path):
    """PNGs, turned JPEGs, arrays, and JPEGs that have changed since."""
    ramp = np.linspace(0, 255, 60, dtype=np.uint8)
    photo = np.tile(ramp[:, None, None], (1, 40, 3))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    Image.fromarray(np.rot90(photo)).save(
        tmp_path / 'turned.jpg', exif=exif, quality=95)
    Image.fromarray(photo).save(tmp_path / 'a.png')
    Image.fromarray(255 - photo).save(tmp_path / 'changed.jpg')
    (tmp_path / 'broken.jpg').write_bytes(b'no photo')
    mask = np.zeros(photo.shape[:2], int)
    write('voc', tmp_path / 'out', [
        make_result(name, mask, ['cat'], photo, path and tmp_path / path)
        for name, path in [('turned', 'turned.jpg'), ('a', 'a.png'),
                           ('array', None), ('changed', 'changed.jpg'),
                           ('broken', 'broken.jpg'), ('gone', 'gone.jpg')]])
    for name in ('turned', 'a', 'array', 'changed', 'broken', 'gone'):
        copy = upright(tmp_path / f'out/voc/JPEGImages/{name}.jpg')
        assert copy.shape == photo.shape
        assert np.abs(copy.astype(int) - photo).max() <= 8, name


def test_photos_that_a_jpeg_cannot_hold(make_result, write, tmp_path):
    long = make_result('a', np.zeros((1, 65501), int), ['cat'])
    with pytest.raises(SampleError, match='a side of 65501 pixels'):
        write('voc', tmp_path, [long])
    write('voc', tmp_path, [long], copy_photos=False)
    assert not (tmp_path / 'voc/JPEGImages').exists()


# -------------------------------------------------------------- other files
def test_folders_of_others_are_left_alone(make_result, write, tmp_path):
    photo = tmp_path / 'voc/JPEGImages/a.jpg'
    photo.parent.mkdir(parents=True)
    photo.write_bytes(b'mine')
    result = make_result('a', np.zeros((2, 3), int))
    with pytest.raises(NotOursError, match='voc exists and was not written'):
        write('voc', tmp_path, [result])
    assert photo.read_bytes() == b'mine'


def test_what_a_killed_run_left_is_replaced(make_result, write, tmp_path):
    """Even with a half of its files; another process may begin, too."""
    result = make_result('a', label_map(0))
    write('voc', tmp_path, [result])
    files = [path for path in (tmp_path / 'voc').rglob('*') if path.is_file()]
    whole = {path: path.read_bytes() for path in files}
    (tmp_path / 'voc/labelmap.txt').unlink()
    (tmp_path / 'voc/SegmentationClass/a.png').unlink()
    write('voc', tmp_path, [result])
    assert whole == {path: path.read_bytes() for path in files}
    (tmp_path / 'new/voc').mkdir(parents=True)
    (tmp_path / 'new/voc/.clipzs-1-2-3-4.txt').touch()
    write('voc', tmp_path / 'new', [result])
