import numpy as np
import pytest

from mmseg_clipzs.toy.painters import GROUNDS, OBJECTS, Sprite


def grid(size):
    """(size, size) coordinates at pixel centres, in [-1.3, 1.3]."""
    line = ((np.arange(size) + .5) / size * 2.6 - 1.3).astype(np.float32)
    return np.meshgrid(line, line)  # u, v


def test_sprite():
    sprite = Sprite(*grid(26))
    rim = sprite.ellipse(0, 0, 1, .5)
    assert rim[13, 13] < .2
    assert rim[13, 22] == pytest.approx(.95, abs=.06)  # u = .95
    sprite.fill(rim < 1, (1, 0, 0))
    # pi * 1 * .5 of the 2.6 x 2.6 square
    assert sprite.alpha.mean() == pytest.approx(np.pi / 2 / 2.6**2, rel=.05)
    sprite.inside(sprite.u > 0, (0, 0, 1))
    assert sprite.rgb[13, 5].tolist() == [1, 0, 0]
    assert sprite.rgb[13, 20].tolist() == [0, 0, 1]
    assert not sprite.rgb[~sprite.alpha].any()
    sprite.shade(.5)
    assert sprite.rgb[13, 5].tolist() == [.5, 0, 0]


def test_lines_have_round_ends():
    sprite = Sprite(*grid(130))
    stroke = sprite.line(-.5, 0, .5, 0, .2)
    # A 1 x .4 rectangle and two half discs.
    assert stroke.sum() * (2.6 / 130)**2 == pytest.approx(
        .4 + np.pi * .2**2, rel=.03)


@pytest.mark.parametrize('name, colour', [
    (name, colour) for name, (_, colours) in OBJECTS.items()
    for colour in colours])
def test_objects(name, colour):
    """Visible, and within the bounding box."""
    sprite = Sprite(*grid(64))
    OBJECTS[name][0](sprite, np.random.default_rng(0), colour)
    assert .08 < sprite.alpha.mean() < .7
    edge = np.ones_like(sprite.alpha)
    edge[1:-1, 1:-1] = False
    assert not sprite.alpha[edge].any()
    assert not sprite.rgb[~sprite.alpha].any()
    assert np.isfinite(sprite.rgb).all() and sprite.rgb.min() >= 0


@pytest.mark.parametrize('name', GROUNDS)
@pytest.mark.parametrize('scale', [.8, 2.2])
def test_grounds(name, scale):
    y, x = (np.mgrid[:60, :60].astype(np.float32) + .5) / 60
    first, again, other = (
        GROUNDS[name](np.random.default_rng(seed), 60, x, y, scale)
        for seed in (0, 0, 1))
    assert first.shape == (60, 60, 3)
    assert np.isfinite(first).all() and -.3 < first.min() < first.max() < 1.3
    assert first.std((0, 1)).min() > .02  # textured
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
