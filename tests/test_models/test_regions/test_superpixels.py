import sys

import numpy as np
import pytest

from mmseg_clipzs.models.regions import build_regions
from mmseg_clipzs.utils import UserError

pytest.importorskip('skimage')


@pytest.fixture
def photo():
    """Two flat halves and a little noise, not square."""
    image = np.full((40, 60, 3), 60, np.uint8)
    image[:, 25:] = 190
    return image + np.random.default_rng(0).integers(
        0, 6, image.shape, dtype=np.uint8)


@pytest.mark.parametrize('config', [
    dict(type='Felzenszwalb'), dict(type='Felzenszwalb', sigma=0., scale=300),
    dict(type='Slic'), dict(type='Slic', n_segments=20, sigma=0.)])
def test_every_pixel_has_a_region_and_edges_part_them(photo, config):
    regions = build_regions(config)(photo, {})
    assert regions.shape == photo.shape[:2] and regions.dtype.kind == 'i'
    assert regions.min() == 1
    assert not set(np.unique(regions[:, :24])) & set(
        np.unique(regions[:, 26:]))


def test_options_are_scikit_images(photo):
    from skimage.segmentation import felzenszwalb
    got = build_regions(dict(
        type='Felzenszwalb', scale=3., sigma=.2, min_size=4))(photo, {})
    np.testing.assert_array_equal(
        got, 1 + felzenszwalb(photo, 3., .2, 4))
    coarse = build_regions(dict(type='Felzenszwalb', scale=300.))(photo, {})
    assert coarse.max() < got.max()


@pytest.mark.parametrize('config, message', [
    (dict(type='Felzenszwalb', sigma=-1), r'regions.sigma .* \[0, 100\]'),
    (dict(type='Felzenszwalb', min_size=2.5), 'regions.min_size .* whole'),
    (dict(type='Slic', n_segments=0), r'regions.n_segments .* \[1, 2147'),
    *((dict(type=kind, **{name: value}), f'regions.{name} must be')
      for kind, name, value in (
          ('Felzenszwalb', 'sigma', 1e308), ('Felzenszwalb', 'sigma', 10**40),
          ('Felzenszwalb', 'min_size', 10**40), ('Slic', 'sigma', 1e308),
          ('Felzenszwalb', 'scale', 1e308), ('Slic', 'n_segments', 2**31),
          ('Slic', 'compactness', 1e308), ('Slic', 'compactness', 1e-300))),
    (dict(type='Slic', compactness='a'), 'regions.compactness'),
    (dict(type='Slic', scale=1), "no option 'scale'; Slic takes n_segments")])
def test_bad_options(config, message):
    with pytest.raises(UserError, match=message):
        build_regions(config)


@pytest.mark.parametrize('kind', ['Felzenszwalb', 'Slic'])
def test_without_scikit_image(kind, monkeypatch):
    monkeypatch.setitem(sys.modules, 'skimage.segmentation', None)
    with pytest.raises(UserError, match=f'{kind} needs scikit-image.*'
                       r'pip install "mmseg_clipzs\[masks\]"'):
        build_regions(dict(type=kind))
