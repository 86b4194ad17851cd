import struct

import numpy as np
import pytest
from image_files import BAD, GOOD, rgb, write_bad
from PIL import Image

from mmseg_clipzs.apis import ZeroShotInferencer
from mmseg_clipzs.datasets import list_images, read_image
from mmseg_clipzs.datasets.images import ImageReadError
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


def test_a_folder_is_not_an_image(tmp_path):
    with pytest.raises(ImageReadError, match=str(tmp_path)):
        read_image(tmp_path)


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
