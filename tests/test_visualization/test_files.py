"""Files of pictures and label maps."""
import numpy as np
import pytest
from PIL import Image

from mmseg_clipzs.utils import is_ours
from mmseg_clipzs.visualization import (
    colour_map,
    save_image,
    save_mask,
    voc_palette,
)


@pytest.mark.parametrize('count', [1, 2, 21, 171, 255, 256, 847])
def test_saved_masks_can_be_read(tmp_path, count):
    mask = np.random.default_rng(0).integers(0, count, (40, 60))
    mask[0, 0] = count - 1
    save_mask(tmp_path / 'mask.png', mask, voc_palette(count))
    with Image.open(tmp_path / 'mask.png') as image:
        assert np.array_equal(np.asarray(image), mask)
        if count > 255:
            return
        assert image.mode == 'P'
        shown = np.asarray(image.convert('RGB'))
    assert np.array_equal(shown, colour_map(mask, voc_palette(count)))


@pytest.fixture(scope='module')
def photo():
    rng = np.random.default_rng(0)
    return Image.fromarray(rng.integers(0, 256, (30, 40, 3), np.uint8)
                           ).resize((400, 300), Image.BICUBIC)


@pytest.mark.parametrize('suffix, options', [
    ('.png', {}), ('.png', dict(compression=0)), ('.png', dict(compression=9)),
    ('.jpg', {}), ('.jpg', dict(quality=100)), ('.webp', {}),
    ('.webp', dict(quality=1)), ('.JPG', {})])
def test_pictures_say_who_wrote_them(tmp_path, photo, suffix, options):
    path = tmp_path / f'a{suffix}'
    save_image(path, photo, **options)
    assert is_ours(path)
    with Image.open(path) as image:
        assert image.size == photo.size
        difference = np.abs(np.asarray(image).astype(int) - photo).mean()
    assert difference == 0 if suffix == '.png' else difference < 25
    other = tmp_path / f'b{suffix}'
    photo.save(other)
    assert not is_ours(other)


@pytest.mark.parametrize('suffix, option, values', [
    ('.png', 'compression', (9, 1, 0)), ('.jpg', 'quality', (10, 50, 95)),
    ('.webp', 'quality', (10, 50, 95))])
def test_size_of_files(tmp_path, photo, suffix, option, values):
    sizes = []
    for value in values:
        path = tmp_path / f'{value}{suffix}'
        save_image(path, photo, **{option: value})
        sizes.append(path.stat().st_size)
    assert sizes == sorted(sizes) and len(set(sizes)) == 3
