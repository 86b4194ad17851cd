import os
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from image_files import BAD, GOOD, noise, rgb, write_bad
from PIL import Image, UnidentifiedImageError

from mmseg_clipzs.apis import ZeroShotInferencer, ZeroShotResult
from mmseg_clipzs.datasets import (
    CheckSample,
    LoadImageFromFile,
    find_images,
    list_images,
    read_image,
)
from mmseg_clipzs.datasets.images import ImageReadError, to_rgb
from mmseg_clipzs.datasets.load_labels import LoadLabels
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')


# -------------------------------------------------------------- read_image
@pytest.mark.parametrize('kind', GOOD)
@pytest.mark.parametrize('in_memory', [False, True])
def test_read_image(kind, in_memory, tmp_path):
    suffix, write, tolerance = GOOD[kind]
    path = tmp_path / f'image.{suffix}'
    expected = write(path)
    if in_memory:
        image = read_image('no/such/file', path.read_bytes())
    else:
        image = read_image(path)
    assert image.dtype == np.uint8
    assert image.shape == expected.shape
    assert np.abs(image - np.asarray(expected, float)).max() <= (
        tolerance or 0.5)


@pytest.mark.parametrize('kind', BAD)
def test_unreadable_files(kind, tmp_path):
    path, message = write_bad(kind, tmp_path)
    with pytest.raises(ImageReadError, match=message):
        read_image(path)


def test_what_is_no_file_is_not_opened(tmp_path):
    """A pipe would wait for ever."""
    os.mkfifo(tmp_path / 'pipe.jpg')
    os.symlink('/dev/zero', tmp_path / 'device.jpg')
    (tmp_path / 'sub.jpg').mkdir()
    for name, kind in (('pipe.jpg', 'named pipe'), ('device.jpg', 'device'),
                       ('sub.jpg', 'folder')):
        with pytest.raises(ImageReadError, match=f'{name} is a {kind}'):
            read_image(tmp_path / name)


def test_ghostscript_is_never_started(tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(subprocess, 'check_call', started.append)
    monkeypatch.setattr(subprocess, 'Popen', started.append)
    path, message = write_bad('eps', tmp_path)
    for check in (
            read_image, lambda path: CheckSample()(dict(img_path=path)),
            lambda path: LoadImageFromFile(imdecode_backend='pillow')(
                dict(img_path=str(path))),
            LoadLabels(num_classes=2, imdecode_backend='pillow').read):
        with pytest.raises((UserError, UnidentifiedImageError)):
            check(path)
    assert not started


@pytest.mark.parametrize('mode', [
    '1', 'L', 'P', 'RGB', 'RGBA', 'RGBa', 'CMYK', 'YCbCr', 'HSV', 'I', 'F',
    'LA', 'PA', 'La', 'RGBX', 'I;16', 'I;16B', 'LAB'])
def test_every_mode_of_pillow(mode):
    """A colour, or a sentence."""
    image = Image.new(mode, (3, 2))
    try:
        assert to_rgb(image).shape == (2, 3, 3)
    except ValueError as e:
        assert mode == 'LAB' and 'conversion' in str(e)


def test_names_that_are_not_utf_8(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b'/caf\xe9.png'))
    with pytest.raises(ImageReadError, match=r'caf\\udce9.png'):
        read_image(path)
    expected = rgb(path)
    assert np.array_equal(read_image(path), expected)
    assert list_images(tmp_path) == [path]


def test_images_beyond_pillows_size_limit(tmp_path, monkeypatch):
    rgb(tmp_path / 'huge.png')
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 100)
    with pytest.raises(ImageReadError, match='huge.png is too large'):
        read_image(tmp_path / 'huge.png')


def test_any_error_of_a_decoder_is_reported(tmp_path, monkeypatch):
    """Pillow's plug-ins raise struct.error and other errors."""
    rgb(tmp_path / 'image.png')
    monkeypatch.setattr(
        Image.Image, 'load', lambda self: struct.unpack('I', b'1'))
    with pytest.raises(ImageReadError, match='image.png is damaged'):
        read_image(tmp_path / 'image.png')


# ------------------------------------------------------------- list_images
def test_list_images(tmp_path):
    for name in ('b.JPG', 'a.png', 'note.txt', 'noext', 'sub/c.webp',
                 'sub/deep/d.bmp'):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert list_images(tmp_path) == [tmp_path / 'a.png', tmp_path / 'b.JPG']
    assert list_images(str(tmp_path), recursive=True) == [
        tmp_path / name for name in (
            'a.png', 'b.JPG', 'sub/c.webp', 'sub/deep/d.bmp')]


def test_a_folder_of_everything(tmp_path, monkeypatch):
    """Called like an image and none: named. Others and ours: ignored."""
    rgb(tmp_path / 'a.PNG')
    rgb(tmp_path / '.hidden.jpg')
    rgb(tmp_path / 'cat_mask.png')  # the user's
    ZeroShotResult('a', noise(4, 5, 3), np.zeros((4, 5), np.int64),
                   lambda: np.ones((1, 4, 5)), ['mask'], [[0, 0, 0]],
                   np.zeros((1, 4, 5), np.int64)).save(tmp_path, True)
    for name in ('Thumbs.db', 'note.txt', '.clipzs-1-2-3-4.png', '._b.jpg',
                 'data.h5', 'clip.mpg', 'scan.PDF', 'drawing.eps'):
        (tmp_path / name).touch()
    (tmp_path / '.clipzs-1-2-3-5').mkdir()
    rgb(tmp_path / '.clipzs-1-2-3-5/b.png')
    (tmp_path / 'sub.jpg').mkdir()
    os.mkfifo(tmp_path / 'pipe.png')
    (tmp_path / 'gone.jpg').symlink_to('nowhere')
    found, errors = find_images(tmp_path)
    assert [path.name for path in found] == [
        '._b.jpg', '.hidden.jpg', 'a.PNG', 'cat_mask.png']
    named = ' '.join(map(str, errors))
    assert len(errors) == 7 and all(name in named for name in (
        'data.h5', 'clip.mpg', 'scan.PDF', 'drawing.eps', 'sub.jpg is a',
        'pipe.png is a named pipe', 'gone.jpg is a broken link'))
    assert len(find_images(tmp_path, recursive=True)[1]) == 6
    monkeypatch.setattr(os, 'scandir', refuse)
    assert 'cannot be read: no' in str(find_images(tmp_path)[1][0])
    with pytest.raises(UserError, match='No images in .*missing: there is no'):
        find_images(tmp_path / 'missing')


def refuse(path):
    raise PermissionError(13, 'no', path)


# ------------------------------------------------------- in the inferencer
@pytest.fixture(scope='module')
def inferencer(tiny_config):
    cfg = tiny_config('maskclip_voc')
    cfg.test_pipeline[1].scale = (256, 64)
    return ZeroShotInferencer(cfg, device='cpu')


@pytest.mark.parametrize('kind', GOOD)
def test_inference_on_all_formats(kind, inferencer, tmp_path):
    suffix, write, _ = GOOD[kind]
    expected = write(tmp_path / f'image.{suffix}')
    result, = inferencer(tmp_path / f'image.{suffix}',
                         classes='cat; grass, lawn; sky')
    assert result.name == 'image'
    assert result.mask.shape == expected.shape[:2]
    assert result.scores.shape == (3, *expected.shape[:2])
    assert np.isfinite(result.scores).all()
    assert len(result.save(tmp_path / 'out')) == 2


@pytest.mark.parametrize('kind', BAD)
def test_inference_on_unreadable_files(kind, inferencer, tmp_path):
    path, message = write_bad(kind, tmp_path)
    with pytest.raises(UserError, match=message):
        inferencer(path)
