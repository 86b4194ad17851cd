"""Random crops, told by what the pixels say about their place."""
import numpy as np
import pytest
import torch

from mmseg_clipzs.toy.crops import _turn_hue, random_crops

PLAIN = dict(jitter=0, hue=0, grey=0)


def crops(seed=0, count=3, size=20, area=(.2, .9), **options):
    """Crops of images whose red is x, whose green is y, blue is 0.5."""
    line = (torch.arange(96) + .5) / 96
    image = torch.stack([line.expand(96, 96), line[:, None].expand(96, 96),
                         torch.full((96, 96), .5)])
    return random_crops(np.random.default_rng(seed),
                        image.expand(count, -1, -1, -1), size, area, **options)


@pytest.mark.parametrize('area', [(.2, .9), (.05, .3)])
def test_places(area):
    """An axis-aligned part of the image, of the wanted area, some flipped."""
    places = crops(count=40, area=area, **PLAIN)
    assert places.shape == (40, 3, 20, 20)
    torch.testing.assert_close(
        places[:, 0], places[:, 0, :1].expand(-1, 20, -1))
    torch.testing.assert_close(
        places[:, 1], places[:, 1, :, :1].expand(-1, -1, 20))
    # The middles of the outer pixels; the image's last half pixel is flat.
    steps = (places[:, 0, 0, 10] - places[:, 0, 0, 9],
             places[:, 1, 10, 0] - places[:, 1, 9, 0])
    width, height = (20 * step for step in steps)
    share = width.abs() * height
    assert area[0] - 1e-4 <= share.min() and share.max() <= area[1] + 1e-4
    assert share.max() - share.min() > .5 * (area[1] - area[0])
    assert (height > 0).all() and 5 < (width < 0).sum() < 35
    assert (width.abs() / height).log().abs().max() <= np.log(4 / 3) + 1e-4


def test_seeds():
    first, again, other = crops(1), crops(1), crops(2)
    assert first.equal(again)
    assert not first.isclose(other).all(-1).all(-1).any()
    assert not first[0].isclose(first[1]).all()


def test_colours():
    changed = crops(3, 60)
    assert 0 <= changed.min() and changed.max() <= 1
    same = [(a - b).abs().max() < 1e-5 for a, b in zip(
        changed, crops(3, 60, **PLAIN))]
    assert 2 < sum(same) < 25  # one in five
    grey = crops(3, grey=1)
    torch.testing.assert_close(grey[:, :1].expand(-1, 3, -1, -1), grey)


def test_hue():
    """A third of the circle permutes the colours; greys stay."""
    images = torch.rand(2, 3, 4, 5)
    thirds = _turn_hue(images, torch.tensor([1 / 3, -1 / 3]))
    torch.testing.assert_close(thirds[0], images[0].roll(1, 0))
    torch.testing.assert_close(thirds[1], images[1].roll(-1, 0))
    grey = images[:, :1].expand(-1, 3, -1, -1)
    torch.testing.assert_close(_turn_hue(grey, torch.rand(2)), grey)
