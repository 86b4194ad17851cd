import os

import numpy as np
import pytest
from image_files import BAD, noise, write_bad
from mmcv.transforms import LoadImageFromFile as Stock
from mmseg.registry import DATASETS
from PIL import Image

from mmseg_clipzs.datasets import LoadImageFromFile
from mmseg_clipzs.utils import UserError


def build(root, **options):
    return DATASETS.build({**dict(
        type='PhotoFolderDataset', data_root=str(root),
        pipeline=[dict(type='LoadPhoto'), dict(type='PackSegInputs')],
        metainfo=dict(classes=('cat', 'sky'))), **options})


def test_all_images_below_the_folder(tmp_path):
    pixels = {}
    for i, name in enumerate(('b.png', 'a.png', 'sub/c.png')):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        pixels[name] = noise(5 + i, 7, 3, seed=i)
        Image.fromarray(pixels[name]).save(tmp_path / name)
    (tmp_path / 'note.txt').touch()
    dataset = build(tmp_path)
    assert len(dataset) == 3
    for sample, name in zip(
            (dataset[i] for i in range(3)), ('a.png', 'b.png', 'sub/c.png')):
        assert sample['data_samples'].img_path == str(tmp_path / name)
        rgb = sample['inputs'].numpy()[::-1].transpose(1, 2, 0)
        np.testing.assert_array_equal(rgb, pixels[name])
        assert 'gt_sem_seg' not in sample['data_samples']
    assert dataset.metainfo['classes'] == ('cat', 'sky')


def test_unreadable_images_are_replaced_and_reported(tmp_path, log):
    """By the next one; each is reported once, whatever loads images."""
    for kind in BAD:
        write_bad(kind, tmp_path)
    Image.fromarray(noise(64, 48, 3)).save(tmp_path / 'm.png')
    (tmp_path / 'sub.mpg').touch()
    files = [name for name, content, _ in BAD.values() if content is not None]
    for load in ('LoadPhoto', 'LoadImageFromFile'):
        dataset = build(tmp_path, pipeline=[
            dict(type=load), dict(type='PackSegInputs')])
        assert len(dataset) == len(files) + 1
        skipped = []
        for _ in range(2):
            for i in range(len(dataset)):
                sample = dataset[i]['data_samples']
                assert sample.img_path == str(tmp_path / 'm.png')
                skipped += sample.skipped
        assert {kind for kind, _ in skipped} == {'unreadable image'}
        assert [sum(name in text for _, text in skipped) for name in files
                ] == [1] * len(files)
        warned, = (line for line in log if 'WARNING' in line)
        assert '1 files in' in warned and 'sub.mpg' in warned
        log.clear()


def test_no_image_can_be_read(tmp_path):
    for name in 'ab':
        (tmp_path / f'{name}.jpg').touch()
    with pytest.raises(UserError, match=(
            'None of the 2 images .* can be read. .*a.jpg is not an .*empty')):
        build(tmp_path)


def test_mmcvs_transform_names_the_file(tmp_path):
    """OpenCV's error on an empty file does not; the pixels are mmcv's."""
    load = LoadImageFromFile()
    for kind in BAD:
        path, message = write_bad(kind, tmp_path)
        if kind not in ('truncated', 'floats', 'not_finite', 'negative'):
            with pytest.raises(UserError, match=message):
                load(dict(img_path=str(path)))
            assert LoadImageFromFile(ignore_empty=True)(
                dict(img_path=str(path))) is None
    Image.fromarray(noise(64, 48, 3)).save(tmp_path / 'm.jpg')
    for backend in ('cv2', 'pillow'):
        one, other = (kind(imdecode_backend=backend)(
            dict(img_path=str(tmp_path / 'm.jpg')))['img']
            for kind in (LoadImageFromFile, Stock))
        assert np.array_equal(one, other)
    os.mkfifo(tmp_path / 'pipe.jpg')
    with pytest.raises(UserError, match='pipe.jpg is a named pipe'):
        load(dict(img_path=str(tmp_path / 'pipe.jpg')))


def test_a_folder_without_images(tmp_path):
    (tmp_path / 'note.txt').touch()
    with pytest.raises(UserError, match=f'No images in {tmp_path}'):
        build(tmp_path)
