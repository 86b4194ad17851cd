"""Equal to timm's own pipeline, reproducible by the random state."""
import random

import numpy as np
import pytest
import torch
from mmseg.registry import MODELS, TRANSFORMS
from PIL import Image
from timm.data import create_transform

from mmseg_clipzs.datasets.image_text.seeded import seeded

SETTINGS = dict(
    scale=(.3, 1.), color_jitter=.4, auto_augment='rand-m9-mstd0.5-inc1',
    re_prob=.5, re_mode='pixel', interpolation='bilinear')


@pytest.fixture(scope='module')
def image():
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (6, 8, 3), np.uint8)
    return np.asarray(Image.fromarray(small).resize((90, 70)))  # RGB


def augment(image, seed, **settings):
    transform = TRANSFORMS.build(dict(
        type='TimmAugment', size=32, **{**SETTINGS, **settings}))
    with seeded([seed]):
        return transform(dict(img=image[..., ::-1]))


@pytest.mark.parametrize('settings', [
    {}, dict(auto_augment=None), dict(re_prob=1.)])
def test_equals_timm_after_the_preprocessor(image, settings):
    """Crop, flip, colours, RandAugment, erasing and normalisation."""
    preprocessor = MODELS.build(dict(
        type='ZeroShotDataPreProcessor', mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375]))
    timms = create_transform(32, is_training=True, **{**SETTINGS, **settings})
    for seed in range(8):
        results = augment(image, seed, **settings)
        assert results['img'].dtype == np.float32
        assert results['img_shape'] == (32, 32)
        inputs = torch.from_numpy(results['img'].transpose(2, 0, 1))
        ours = preprocessor(dict(inputs=[inputs]))['inputs'][0]
        with seeded([seed]):
            wanted = timms(Image.fromarray(image))
        torch.testing.assert_close(ours, wanted, atol=1e-5, rtol=1e-5)


def test_random_state_decides(image):
    states = np.random.get_state()[1].copy(), random.getstate(), \
        torch.get_rng_state()
    images = [augment(image, seed)['img'] for seed in range(6)]
    assert len({image.tobytes() for image in images}) == 6
    torch.rand(3)  # whatever the state before
    for seed in range(6):
        assert np.array_equal(augment(image, seed)['img'], images[seed])
    torch.set_rng_state(states[2])
    assert (np.random.get_state()[1] == states[0]).all()
    assert random.getstate() == states[1]


@pytest.mark.parametrize('shape', [(1, 1), (3, 400), (400, 3)])
def test_any_shape(shape):
    image = np.zeros((*shape, 3), np.uint8)
    assert augment(image, 0)['img'].shape == (32, 32, 3)
