import numpy as np
import pytest
import torch
from mmseg.registry import TRANSFORMS
from PIL import Image
from torchvision.transforms import RandomResizedCrop

from mmseg_clipzs.utils import UserError


def build(**options):
    return TRANSFORMS.build(dict(type='RandomResizedCrop', **options))


@pytest.mark.parametrize('shape', [(60, 90), (90, 60)])
@pytest.mark.parametrize('scale', [(0.08, 1.), (0.5, 0.9)])
def test_same_distribution_as_torchvision(shape, scale):
    """Compares quantiles of position and size."""
    np.random.seed(0)
    torch.manual_seed(0)
    crop = build(size=8, scale=scale)
    ours = np.array([crop._draw(*shape) for _ in range(4000)])
    image = torch.zeros(3, *shape)
    theirs = np.array([RandomResizedCrop.get_params(
        image, scale, (3 / 4, 4 / 3)) for _ in range(4000)])
    quantiles = np.linspace(0, 1, 11)
    for axis in range(4):
        np.testing.assert_allclose(
            np.quantile(ours[:, axis], quantiles),
            np.quantile(theirs[:, axis], quantiles), atol=3.5)


def test_crop_is_resized_as_by_pillow():
    np.random.seed(3)
    image = np.random.randint(0, 256, (50, 70, 3)).astype(np.uint8)
    crop = build(size=16)
    np.random.seed(5)
    top, left, h, w = crop._draw(50, 70)
    np.random.seed(5)
    result = crop(dict(img=image))
    wanted = Image.fromarray(image).crop((left, top, left + w, top + h))
    np.testing.assert_array_equal(
        result['img'], np.asarray(wanted.resize((16, 16), Image.BICUBIC)))
    assert result['img_shape'] == (16, 16)
    assert result['img'].dtype == np.uint8


@pytest.mark.parametrize('shape', [(1, 1), (3, 4000), (4000, 3)])
def test_any_shape(shape):
    np.random.seed(0)
    for _ in range(20):
        image = np.zeros((*shape, 3), np.uint8)
        assert build(size=5)(dict(img=image))['img'].shape == (5, 5, 3)


@pytest.mark.parametrize('options', [
    dict(size=0), dict(size=8, scale=(0, 1)), dict(size=8, scale=(.5, .2)),
    dict(size=8, scale=(.5, 2)), dict(size=8, ratio=(2, 1))])
def test_bad_input(options):
    with pytest.raises(UserError, match=' must be a |needs scale and ratio'):
        build(**options)
