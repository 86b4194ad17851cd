from pathlib import Path

import numpy as np
import pytest

from mmseg_clipzs.toy.painters import GROUNDS, OBJECTS
from mmseg_clipzs.toy.scenes import (
    CLASSES,
    PALETTE,
    VERSION,
    make_scene,
    make_varied_scene,
)

REFERENCE = Path(__file__).parent / f'scenes_v{VERSION}.npz'


def draw(make, seed, *args, **options):
    return make(np.random.default_rng(seed), *args, **options)


@pytest.mark.parametrize('make', [make_scene, make_varied_scene])
def test_drawings_are_those_of_their_version(make):
    """A few pixels may differ between versions of NumPy and OpenCV."""
    with np.load(REFERENCE) as reference:
        images, masks, captions = (
            reference[f'{make.__name__}.{what}']
            for what in ('image', 'mask', 'captions'))
    for seed in range(len(images)):
        image, mask, texts = draw(make, seed, 32)
        difference = np.abs(image.astype(int) - images[seed]).max(-1)
        assert (difference <= 1).mean() > .995
        assert (mask == masks[seed]).mean() > .995
        assert texts == captions[seed].tolist()


def test_classes():
    assert CLASSES == (*OBJECTS, *GROUNDS)
    assert len({tuple(colour) for colour in PALETTE}) == len(CLASSES) == 12


@pytest.mark.parametrize('seed', range(20))
def test_the_first_caption_names_everything(seed):
    image, mask, captions = draw(make_scene, seed, 32)
    assert image.shape == (32, 32, 3) and image.dtype == np.uint8
    assert mask.shape == (32, 32) and mask.dtype == np.uint8
    assert len(captions) == 6
    for index in np.unique(mask):
        assert CLASSES[index] in captions[0]


@pytest.mark.parametrize('count', [0, 1, 2, 3])
def test_number_of_objects(count):
    for seed in range(5):
        _, mask, _ = draw(make_scene, seed, 64, count)
        objects = np.unique(mask[mask < len(OBJECTS)])
        assert len(objects) == count
        assert len(np.unique(mask)) == count + 1  # and one ground


@pytest.mark.parametrize('seed', range(4))
def test_scenes_look_the_same_at_any_size(seed):
    """Only objects scale exactly; grass blades have a minimal width."""
    small, large = (draw(make_scene, seed, size)[1] for size in (40, 120))
    assert (large[1::3, 1::3] == small).mean() > .97


def test_zoom_enlarges_objects():
    def area(zoom):
        return np.mean([(draw(make_scene, seed, 32, 1, zoom)[1] < 8).mean()
                        for seed in range(10)])

    assert area(1.8) > 1.5 * area(1.)


def test_varied_scenes_have_bare_grounds_and_close_ups():
    masks = [draw(make_varied_scene, seed, 32)[1] for seed in range(60)]
    bare = [mask for mask in masks if (mask >= 8).all()]
    assert 1 <= len(bare) <= 15
    whole = [draw(make_scene, seed, 32)[1] for seed in range(60)]

    def largest(masks):
        """Mean area of the largest object."""
        return np.mean([np.bincount(m.ravel(), minlength=12)[:8].max()
                        for m in masks])

    assert largest(masks) > 1.2 * largest(whole)
