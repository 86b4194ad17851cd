"""Transparent pixels are ignored in every result."""
import numpy as np
import pytest
import torch
from PIL import Image

from mmseg_clipzs.apis import ZeroShotInferencer
from mmseg_clipzs.datasets.images import (
    ImageReadError,
    read_image,
    read_visible,
    split_transparent,
)

pytestmark = pytest.mark.usefixtures('one_thread')

CLASSES = 'cat; grass, lawn; sky'
SIZE = (40, 60)
HIDDEN = np.zeros(SIZE, bool)
HIDDEN[:, :20] = HIDDEN[5:9, 30:] = True


@pytest.fixture(scope='module')
def inferencer(tiny_config):
    cfg = tiny_config('maskclip_toy')
    cfg.model.vocabulary = CLASSES
    return ZeroShotInferencer(cfg, device='cpu')


@pytest.fixture(scope='module')
def cutout():
    """RGBA: hidden where HIDDEN, elsewhere half transparent or opaque."""
    rng = np.random.default_rng(0)
    rgba = np.asarray(Image.fromarray(rng.integers(
        0, 256, (4, 5, 4), dtype=np.uint8)).resize(SIZE[::-1])).copy()
    rgba[..., 3] = np.where(HIDDEN, rng.integers(0, 128, SIZE),
                            rng.integers(128, 256, SIZE))
    return Image.fromarray(rgba)


def binary(cutout):
    """The same with an alpha of 0 and 255."""
    image = cutout.copy()
    image.putalpha(image.getchannel('A').point(lambda a: 255 * (a > 127)))
    return image


def files(folder, cutout):
    """Files in which the same pixels are transparent."""
    hard = binary(cutout)
    cutout.save(folder / 'rgba.png')
    cutout.convert('LA').save(folder / 'la.png')
    cutout.save(folder / 'rgba.webp', lossless=True)
    cutout.save(folder / 'rgba.tiff')
    palette = hard.convert('RGB').quantize(255)
    indices = np.where(HIDDEN, 255, np.asarray(palette)).astype(np.uint8)
    for name in ('palette.png', 'palette.gif'):
        image = Image.fromarray(indices)
        image.putpalette(palette.getpalette() + [9, 9, 9])
        image.save(folder / name, transparency=255)
    key = np.asarray(hard.convert('RGB')).clip(1, 255)
    Image.fromarray(np.where(HIDDEN[..., None], 0, key).astype(
        np.uint8)).save(folder / 'key.png', transparency=(0, 0, 0))
    return sorted(folder.iterdir())


def test_formats(tmp_path, cutout):
    found = files(tmp_path, cutout)
    assert len(found) == 7
    for path in found:
        image, transparent = read_visible(path)
        assert np.array_equal(transparent, HIDDEN), path
        assert np.array_equal(image, read_image(path))  # on white
    cutout.convert('RGB').save(tmp_path / 'opaque.png')
    binary(cutout).convert('RGB').convert('RGBA').save(tmp_path / 'none.png')
    for name in ('opaque', 'none'):
        assert read_visible(tmp_path / f'{name}.png')[1] is None


def test_turned_photos(tmp_path, cutout):
    """As EXIF says."""
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    cutout.save(tmp_path / 'turned.png', exif=exif)
    image, transparent = read_visible(tmp_path / 'turned.png')
    assert image.shape[:2] == SIZE[::-1]
    assert np.array_equal(transparent, np.rot90(HIDDEN, -1))


def test_results(inferencer, cutout, tmp_path):
    """The labels of the photo on white, and 255 where it is transparent."""
    white, _ = split_transparent(cutout)
    want, = inferencer(white)
    path = tmp_path / 'in/cutout.png'
    path.parent.mkdir()
    cutout.save(path)
    rgba = np.asarray(cutout)
    for given in (path, cutout, rgba,
                  torch.from_numpy(rgba.copy()).permute(2, 0, 1)):
        result, = inferencer(given, out_dir=tmp_path / 'out')
        assert np.array_equal(result.photo, white)
        assert np.array_equal(
            result.mask, np.where(HIDDEN, 255, want.mask))
        assert np.array_equal(
            result.scores, np.where(HIDDEN, 0, want.scores))
        chosen = np.take_along_axis(want.scores, want.mask[None], 0)[0]
        assert np.array_equal(
            result.confidence, np.where(HIDDEN, 0, chosen))
        inferencer.set_image(given)
        assert np.array_equal(inferencer.predict().mask, result.mask)
        assert result.mask.dtype == np.int64
    with Image.open(tmp_path / 'out/cutout_mask.png') as mask:
        assert np.array_equal(np.asarray(mask), result.mask)


def test_wide_label_maps(inferencer, cutout):
    """With more than 255 classes 65535 is ignored, and 255 is a class."""
    result, = inferencer(cutout, classes=[f'word {i}' for i in range(300)])
    assert (result.mask[HIDDEN] == 65535).all()
    assert (result.mask[~HIDDEN] < 300).all()
    inferencer.model.set_vocabulary(CLASSES)


def test_one_batch(inferencer, cutout):
    """Each photo has its own transparent pixels."""
    white, _ = split_transparent(cutout)
    other = cutout.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    masks = [result.mask == 255 for result in inferencer(
        [cutout, white, other], batch_size=3)]
    for found, want in zip(masks, (
            HIDDEN, np.zeros(SIZE, bool), HIDDEN[:, ::-1])):
        assert np.array_equal(found, want)


# ------------------------------------------------------------ large images
def test_pillows_limit_is_not_ours(tmp_path, cutout, monkeypatch):
    """Images above it are read, until the program sets its own."""
    cutout.convert('RGB').save(tmp_path / 'photo.png')
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 100)
    with pytest.raises(ImageReadError, match='photo.png is too large'):
        read_image(tmp_path / 'photo.png')
    monkeypatch.setattr('mmseg_clipzs.datasets.images._PILLOWS', 100)
    assert read_image(tmp_path / 'photo.png').shape == (*SIZE, 3)
    assert Image.MAX_IMAGE_PIXELS == 100
    monkeypatch.setattr('mmseg_clipzs.datasets.images.MAX_PIXELS', 2399)
    with pytest.raises(ImageReadError, match='it has 60 x 40 pixels, and'):
        read_image(tmp_path / 'photo.png')


def test_images_that_memory_cannot_hold(tmp_path, cutout, monkeypatch):
    cutout.save(tmp_path / 'photo.png')
    monkeypatch.setattr('mmseg_clipzs.utils.memory._MUCH', 0)
    monkeypatch.setattr(
        'mmseg_clipzs.utils.memory.available_memory', lambda: 20000)
    with pytest.raises(ImageReadError, match='photo.png needs 0.0 GiB of '
                       'memory, but only 0.0 GiB are free'):
        read_image(tmp_path / 'photo.png')
