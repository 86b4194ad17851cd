import sys

import numpy as np
import pytest
from mmseg.registry import TRANSFORMS

from mmseg_clipzs.datasets import Corrupt
from mmseg_clipzs.recipes.corruptions import LEVELS, PAPER_KINDS
from mmseg_clipzs.utils import UserError

imagecorruptions = pytest.importorskip('imagecorruptions')
KINDS = imagecorruptions.get_corruption_names('all')


@pytest.fixture(scope='module')
def image():
    """(48, 70, 3) uint8 BGR, smooth."""
    y, x = np.mgrid[:48, :70]
    return np.stack([3 * y, 2 * x, 255 - 2 * y - x], -1).astype(np.uint8)


def corrupt(image, kind, level=3, path='folder/image.jpg'):
    return Corrupt(kind, level)(
        dict(img=image.copy(), img_path=path))['img']


def test_the_library_has_the_papers_kinds():
    assert set(PAPER_KINDS) <= set(KINDS) and len(KINDS) == 19


@pytest.mark.parametrize('kind', KINDS)
def test_every_kind_and_level(kind, image):
    state = np.random.get_state()[1].copy()
    for level in LEVELS:
        changed = corrupt(image, kind, level)
        assert changed.shape == image.shape and changed.dtype == np.uint8
        assert changed.flags['C_CONTIGUOUS']
        assert not np.array_equal(changed, image)
    assert np.array_equal(np.random.get_state()[1], state)


@pytest.mark.parametrize('kind', KINDS)
def test_only_the_file_name_matters(kind, image):
    first = corrupt(image, kind)
    np.random.rand(7)  # the global state must not matter
    assert np.array_equal(corrupt(image, kind, path='elsewhere/image.jpg'),
                          first)


@pytest.mark.parametrize('kind', [
    'gaussian_noise', 'impulse_noise', 'glass_blur', 'motion_blur', 'fog'])
def test_files_differ_in_their_random_numbers(kind, image):
    assert not np.array_equal(corrupt(image, kind, path='other.jpg'),
                              corrupt(image, kind))


def test_noise_level_is_imagenet_cs():
    """Standard deviation 0.18 for images in [0, 1], at level 3."""
    grey = np.full((200, 300, 3), 128, np.uint8)
    noise = corrupt(grey, 'gaussian_noise').astype(float) / 255 - 128 / 255
    inside = np.abs(noise) < 0.4  # the rest may be clipped
    assert inside.mean() > 0.95
    assert noise.std() == pytest.approx(0.18, rel=0.05)


@pytest.mark.parametrize('kind', ['gaussian_noise', 'gaussian_blur',
                                  'jpeg_compression', 'contrast'])
def test_higher_levels_are_stronger(kind):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    errors = [np.abs(corrupt(image, kind, level).astype(int) - image).mean()
              for level in LEVELS]
    assert errors == sorted(errors) and errors[0] < errors[-1]


def test_channels_keep_their_order():
    """Spatter's water is pale turquoise: more green and blue than red."""
    image = np.full((64, 64, 3), 60, np.uint8)
    blue, green, red = corrupt(image, 'spatter', 1).reshape(-1, 3).max(0)
    assert min(blue, green) > red > 60


@pytest.mark.parametrize('kind, level, message', [
    ('rain', 1, "Unknown corruption 'rain'; choose one of gaussian_noise"),
    ('fog', 0, 'in .1, 5., but got 0'), ('fog', 6, 'in .1, 5., but got 6'),
    ('fog', '3', "in .1, 5., but got '3'")])
def test_bad_settings(kind, level, message):
    with pytest.raises(UserError, match=message):
        TRANSFORMS.build(dict(type='Corrupt', kind=kind, level=level))


def test_too_small(image):
    with pytest.raises(UserError, match='image.jpg is 70 x 31'):
        corrupt(image[:31], 'fog')


def test_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, 'imagecorruptions', None)
    with pytest.raises(UserError, match=(
            r'pip install "mmseg_clipzs\[robustness\]" '
            r'\(or imagecorruptions-imaug\)')):
        Corrupt('fog', 1)
