import io
import struct

import numpy as np
import pytest
from mmengine.dataset import Compose
from mmseg.registry import TRANSFORMS
from PIL import Image

from mmseg_clipzs.apis import ZeroShotInferencer
from mmseg_clipzs.datasets import read_image
from mmseg_clipzs.datasets.images import ImageReadError
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')


def noise(*shape, seed=0, dtype=np.uint8):
    return np.random.default_rng(seed).integers(
        0, np.iinfo(dtype).max + 1, shape, dtype=dtype)


def smooth(h, w):
    """JPEG keeps smooth colours within a few steps."""
    y, x = np.mgrid[:h, :w]
    return np.stack([255 * y / h, 255 * x / w, 128 + 0 * x],
                    -1).astype(np.uint8)


def on_white(rgb, alpha):
    alpha = alpha[..., None] / 255
    return rgb * alpha + 255 * (1 - alpha)


def rgb(path):
    pixels = noise(13, 17, 3)
    Image.fromarray(pixels).save(path)
    return pixels


def grey(path):
    pixels = noise(13, 17)
    Image.fromarray(pixels).save(path)
    return pixels[..., None].repeat(3, 2)


def grey_alpha(path):
    pixels = noise(13, 17, 2)
    Image.frombytes('LA', (17, 13), pixels.tobytes()).save(path)
    return on_white(pixels[..., :1].repeat(3, 2), pixels[..., 1])


def rgba(path):
    pixels = noise(13, 17, 4)
    Image.fromarray(pixels).save(path)
    return on_white(pixels[..., :3], pixels[..., 3])


def grey_16(path):
    """The whole range: clipping would make nearly all of it white."""
    pixels = noise(13, 17, dtype=np.uint16)
    pixels[0, :2] = 0, 65535
    Image.fromarray(pixels).save(path)
    return (pixels / 65535 * 255)[..., None].repeat(3, 2)


def bilevel(path):
    pixels = noise(13, 17) > 127
    Image.fromarray(pixels).save(path)
    return 255 * pixels[..., None].repeat(3, 2)


def palette(path):
    pixels, colours = noise(13, 17) % 4, noise(4, 3, seed=1)
    image = Image.frombytes('P', (17, 13), pixels.tobytes())
    image.putpalette(colours.ravel().tolist())
    image.save(path)
    return colours[pixels]


def palette_transparent(path):
    pixels, colours = noise(13, 17) % 4, noise(4, 3, seed=1)
    image = Image.frombytes('P', (17, 13), pixels.tobytes())
    image.putpalette(colours.ravel().tolist())
    image.save(path, transparency=2)
    expected = colours[pixels]
    expected[pixels == 2] = 255
    return expected


def cmyk(path):
    """Adobe's inverted values, as Pillow writes them."""
    pixels = smooth(24, 32)
    Image.fromarray(pixels).convert('CMYK').save(path, quality=98)
    return pixels


def jpeg(path):
    pixels = smooth(24, 32)
    Image.fromarray(pixels).save(path, quality=98)
    return pixels


def exif_rotated(path):
    """Orientation 6: shown a quarter turn clockwise of what is stored."""
    pixels = smooth(24, 32)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(path, quality=98, exif=exif)
    return np.rot90(pixels, -1)


def one_pixel(path):
    Image.fromarray(np.array([[[10, 200, 30]]], np.uint8)).save(path)
    return np.array([[[10, 200, 30]]])


def long_and_thin(path):
    pixels = noise(30, 4000, 3)
    Image.fromarray(pixels).save(path)
    return pixels


# kind -> suffix, writer (gives the expected RGB), tolerance
GOOD = {
    'rgb': ('png', rgb, 0),
    'grey': ('png', grey, 0),
    'grey_alpha': ('png', grey_alpha, 1),
    'rgba': ('png', rgba, 1),
    'grey_16': ('png', grey_16, 1),
    'bilevel': ('png', bilevel, 0),
    'palette': ('png', palette, 0),
    'palette_transparent': ('png', palette_transparent, 0),
    'jpeg': ('jpg', jpeg, 12),
    'cmyk': ('jpg', cmyk, 12),
    'exif_rotated': ('jpg', exif_rotated, 12),
    'one_pixel': ('png', one_pixel, 0),
    'long_and_thin': ('png', long_and_thin, 0),
}


def encoded():
    buffer = io.BytesIO()
    Image.fromarray(noise(64, 48, 3)).save(buffer, 'JPEG', quality=90)
    return buffer.getvalue()


def png():
    buffer = io.BytesIO()
    Image.fromarray(noise(64, 48, 3)).save(buffer, 'PNG')
    return buffer.getvalue()


# kind -> name, bytes, message of read_image
BAD = {
    'truncated': ('cut.jpg', encoded()[:len(encoded()) // 2],
                  r'The photo .*cut.jpg is damaged'),
    'truncated_png': ('cut.png', png()[:len(png()) // 2],
                      r'The photo .*cut.png is damaged'),
    'empty': ('empty.jpg', b'', r'empty.jpg is not an image'),
    'text': ('note.jpg', b'A text, no picture.\n' * 20,
             r'note.jpg is not an image'),
    'missing': ('gone.jpg', None, r'No photo at .*gone.jpg'),
}


def write_bad(kind, folder):
    name, content, message = BAD[kind]
    if content is not None:
        (folder / name).write_bytes(content)
    return folder / name, message


# -------------------------------------------------------------- read_image
@pytest.mark.parametrize('kind', GOOD)
def test_read_photo(kind, tmp_path):
    suffix, write, tolerance = GOOD[kind]
    expected = write(tmp_path / f'photo.{suffix}')
    photo = read_image(tmp_path / f'photo.{suffix}')
    assert photo.dtype == np.uint8
    assert photo.shape == expected.shape
    assert np.abs(photo - np.asarray(expected, float)).max() <= (
        tolerance or 0.5)


@pytest.mark.parametrize('kind', BAD)
def test_read_photo_that_cannot_be_read(kind, tmp_path):
    path, message = write_bad(kind, tmp_path)
    with pytest.raises(UserError, match=message):
        read_image(path)


def test_a_folder_is_no_photo(tmp_path):
    with pytest.raises(UserError, match=str(tmp_path)):
        read_image(tmp_path)


def test_a_photo_beyond_pillows_limit(tmp_path, monkeypatch):
    """Pillow refuses pictures of hundreds of megapixels."""
    rgb(tmp_path / 'huge.png')
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 100)
    with pytest.raises(UserError, match='huge.png'):
        read_image(tmp_path / 'huge.png')


# --------------------------------------------------------------- LoadPhoto
@pytest.mark.parametrize('kind', GOOD)
@pytest.mark.parametrize('in_memory', [False, True])
def test_load_photo(kind, in_memory, tmp_path):
    suffix, write, _ = GOOD[kind]
    path = tmp_path / f'photo.{suffix}'
    write(path)
    results = dict(img_path=str(path))
    if in_memory:
        results = dict(img_path='anywhere', img_bytes=path.read_bytes())
    results = TRANSFORMS.build(dict(type='LoadPhoto'))(results)
    rgb = read_image(path)
    np.testing.assert_array_equal(results['img'][..., ::-1], rgb)
    assert results['img_shape'] == results['ori_shape'] == rgb.shape[:2]
    assert results['img'].flags.c_contiguous and 'img_bytes' not in results


@pytest.mark.parametrize('kind', BAD)
def test_load_photo_that_cannot_be_read(kind, tmp_path):
    path, message = write_bad(kind, tmp_path)
    load_photo = TRANSFORMS.build(dict(type='LoadPhoto'))
    with pytest.raises(ImageReadError, match=message):
        load_photo(dict(img_path=str(path)))
    if path.exists():
        with pytest.raises(ImageReadError, match=message):
            load_photo(dict(img_path=f'a.tar/{path.name}',
                            img_bytes=path.read_bytes()))


def test_whatever_a_decoder_raises(tmp_path, monkeypatch):
    """Plug-ins of Pillow raise struct.error and others at damaged files."""
    rgb(tmp_path / 'photo.png')
    monkeypatch.setattr(
        Image.Image, 'load', lambda self: struct.unpack('I', b'1'))
    with pytest.raises(ImageReadError, match='photo.png is damaged'):
        read_image(tmp_path / 'photo.png')


# ---------------------------------------------------------- the whole chain
@pytest.fixture(scope='module')
def inferencer(tiny_config):
    cfg = tiny_config('maskclip_voc')
    cfg.test_pipeline[1].scale = (256, 64)
    return ZeroShotInferencer(cfg, device='cpu')


@pytest.mark.parametrize('kind', GOOD)
def test_segment(kind, inferencer, tmp_path):
    suffix, write, _ = GOOD[kind]
    expected = write(tmp_path / f'photo.{suffix}')
    result, = inferencer(tmp_path / f'photo.{suffix}',
                         classes='cat; grass, lawn; sky')
    assert result.name == 'photo'
    assert result.photo.shape == expected.shape
    assert result.mask.shape == expected.shape[:2]
    assert result.scores.shape == (3, *expected.shape[:2])
    assert np.isfinite(result.scores).all()
    np.testing.assert_allclose(result.scores.sum(0), 1, atol=1e-4)
    assert len(result.save(tmp_path / 'out')) == 2


@pytest.mark.parametrize('kind', BAD)
def test_segment_what_cannot_be_read(kind, inferencer, tmp_path):
    path, message = write_bad(kind, tmp_path)
    with pytest.raises(UserError, match=message):
        inferencer(path)


# ------------------------------------------------------- what datasets load
@pytest.fixture
def pipeline():
    return Compose([
        TRANSFORMS.build(dict(type='LoadImageFromFile')),
        TRANSFORMS.build(dict(type='LoadAnnotations')),
        TRANSFORMS.build(dict(type='CheckSample')),
        TRANSFORMS.build(dict(type='PackSegInputs'))])


def load(pipeline, photo, mask):
    return pipeline(dict(
        img_path=str(photo), seg_map_path=str(mask), label_map=None,
        reduce_zero_label=False, seg_fields=[]))


@pytest.mark.parametrize('kind', GOOD)
def test_datasets_load_three_channels(kind, pipeline, tmp_path):
    suffix, write, tolerance = GOOD[kind]
    path = tmp_path / f'photo.{suffix}'
    expected = np.asarray(write(path), float)
    mask = np.zeros(expected.shape[:2], np.uint8)
    Image.fromarray(mask).save(tmp_path / 'mask.png')
    data = load(pipeline, path, tmp_path / 'mask.png')
    assert data['inputs'].shape == (3, *expected.shape[:2])
    assert data['data_samples'].gt_sem_seg.data.shape == (1, *mask.shape)
    if 'alpha' in kind or kind in ('rgba', 'palette_transparent'):
        return  # the toolbox leaves transparency out
    loaded = data['inputs'].numpy()[::-1].transpose(1, 2, 0)
    tolerance = 12 if suffix == 'jpg' else 1
    assert np.abs(loaded - expected).max() <= tolerance


@pytest.mark.parametrize('kind', [kind for kind in BAD if kind != 'empty'])
def test_datasets_refuse_damaged_photos(kind, pipeline, tmp_path):
    """Some decoders of the toolbox refuse by themselves, by assertion."""
    path, _ = write_bad(kind, tmp_path)
    Image.new('L', (48, 64)).save(tmp_path / 'mask.png')
    with pytest.raises((UserError, FileNotFoundError, AssertionError),
                       match=path.name):
        load(pipeline, path, tmp_path / 'mask.png')


@pytest.mark.parametrize('size', [(48, 64), (64, 47), (1, 1)])
def test_a_mask_of_another_size(size, pipeline, tmp_path):
    Image.fromarray(noise(48, 64, 3)).save(tmp_path / 'photo.jpg')
    Image.new('L', size).save(tmp_path / 'mask.png')
    with pytest.raises(UserError, match=(
            rf'mask .*mask.png is {size[0]} x {size[1]} pixels, but its '
            r'photo .*photo.jpg is 64 x 48')):
        load(pipeline, tmp_path / 'photo.jpg', tmp_path / 'mask.png')


def test_check_sample_changes_nothing(tmp_path):
    check = TRANSFORMS.build(dict(type='CheckSample'))
    for results in (dict(img_path=None, ori_shape=(4, 5)),
                    dict(ori_shape=(4, 5)),
                    dict(ori_shape=(4, 5), gt_seg_map=np.zeros((4, 5)))):
        assert check(dict(results)).keys() == results.keys()
