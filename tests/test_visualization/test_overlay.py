"""Classes painted over photos."""
import numpy as np
import pytest

from mmseg_clipzs.utils import UserError
from mmseg_clipzs.visualization import (
    Style,
    colour_map,
    group_palette,
    heat_map,
    outlined,
    overlay,
    picture,
    titled_heat_map,
    voc_palette,
)


def random_image(h, w, seed=0):
    return np.random.default_rng(seed).integers(
        0, 256, (h, w, 3), dtype=np.uint8)


def test_colour_map():
    mask = np.array([[0, 2], [1, 255]])
    palette = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    assert colour_map(mask, palette).tolist() == [
        [[1, 2, 3], [7, 8, 9]], [[4, 5, 6], [255, 255, 255]]]


def test_colour_map_of_many_classes():
    palette = voc_palette(300)
    mask = np.array([[0, 254, 255, 299]])
    assert colour_map(mask, palette)[0].tolist() == [
        palette[i] for i in mask[0]]


@pytest.mark.parametrize('opacity', [0, 0.3, 1])
@pytest.mark.parametrize('classes', [4, 300])
def test_overlay_blends_with_grey(opacity, classes):
    image, palette = random_image(6, 5), voc_palette(classes)
    mask = np.random.default_rng(1).integers(0, classes, (6, 5))
    result = overlay(image, mask, palette, opacity)
    assert result.dtype == np.uint8 and result.shape == image.shape
    for y, x in np.ndindex(6, 5):
        grey = image[y, x] @ [0.299, 0.587, 0.114]
        expected = (1 - opacity) * grey + opacity * np.array(
            palette[mask[y, x]])
        assert np.abs(result[y, x] - expected).max() <= 1.01


@pytest.mark.parametrize('classes, ignored', [(3, 255), (300, 65535)])
@pytest.mark.parametrize('outlines', [False, True])
def test_unpainted_pixels_are_the_photo(classes, ignored, outlines):
    image = random_image(20, 30)
    before = image.copy()
    mask = np.random.default_rng(0).integers(0, 3, (20, 30))
    mask[:5] = ignored
    result = overlay(image, mask, voc_palette(classes), 0.7, [1], outlines)
    photo = np.isin(mask, [1, ignored])
    assert np.array_equal(result[photo], image[photo])
    assert (result[~photo] != image[~photo]).any(-1).mean() > 0.95
    assert np.array_equal(image, before)


def test_outlines_are_inside_of_painted_regions():
    image = np.full((40, 40, 3), 100, np.uint8)
    mask = np.zeros((40, 40), int)
    mask[10:30, 10:30] = 1
    mask[10:30, 20:30] = 2
    palette = [[0, 0, 0], [250, 0, 0], [0, 0, 250]]
    result = overlay(image, mask, palette, 0.5, [0], outlines=True)
    full = np.stack([(result == colour).all(-1) for colour in palette])
    assert not full[0].any()
    want = np.zeros((40, 40), bool)
    want[10:30, 10:20] = True
    want[11:29, 11:19] = False
    assert np.array_equal(full[1], want)
    assert np.array_equal(full[2], want[:, ::-1])
    # No line where a region meets the border of the picture.
    assert not (overlay(image, np.ones((40, 40), int), palette, 0.5, [0], True)
                == palette[1]).all(-1).any()


def test_outlined_segments():
    """White to the right of and below borders, colours elsewhere."""
    image = random_image(4, 5)
    segments = np.array([[0, 0, 1, 1, 1]] * 2 + [[2, 2, 1, 1, 1]] * 2)
    result = outlined(image, segments)
    white = np.zeros((4, 5), bool)
    white[:, 2] = white[2, :2] = True
    assert (result[white] == 255).all()
    np.testing.assert_array_equal(
        result[~white], overlay(image, segments, group_palette(3))[~white])


# --------------------------------------------------------------- heat maps
def test_heat_map_brightness_grows_with_the_score():
    score = np.linspace(0, 1, 50)[None].repeat(4, 0)
    result = heat_map(np.full((4, 50, 3), 100, np.uint8), score)
    assert result.dtype == np.uint8 and result.shape == (4, 50, 3)
    brightness = result[0].astype(float) @ [0.299, 0.587, 0.114]
    assert (np.diff(brightness) > -1).all()
    assert brightness[-1] - brightness[0] > 100


@pytest.mark.parametrize('h, w', [(90, 300), (300, 90), (1, 1)])
def test_titled_heat_map(h, w):
    image, score = random_image(h, w), np.random.default_rng(0).random((h, w))
    result = titled_heat_map(image, score, 'cat ' * 30)
    assert result.shape[1] == max(w, 240)
    found = [y for y in range(len(result) - h + 1) if np.array_equal(
        result[y:y + h, :w], heat_map(image, score))]
    assert len(found) == 1
    above, below = result[:found[0]], result[found[0] + h:]
    assert (above < 255).any()
    # The bar runs from dark to bright.
    row = below[12].astype(float).sum(-1)
    bar = row[row < 700]
    assert len(bar) > 200 and bar[-1] > 3 * bar[0] and (
        np.diff(bar) > -9).all()


# ----------------------------------------------------------------- picture
@pytest.mark.parametrize('style', [
    Style(), Style(opacity=0, outlines=False, labels=False), Style(opacity=1)])
@pytest.mark.parametrize('count', [2, 300])
def test_picture(style, count):
    image = random_image(60, 250)
    mask = np.arange(60)[:, None].repeat(250, 1) // 30 * (count - 1)
    classes = ['background', *map(str, range(count - 1))]
    result = picture(image, mask, classes, voc_palette(count, True), style)
    assert np.array_equal(result[:30, :], image[:30])  # the background
    assert not np.array_equal(result[30:60, :], image[30:])
    assert result.shape[0] > 60


def test_large_photos_have_large_letters():
    heights = []
    for side in (300, 3000):
        image = np.zeros((side, side, 3), np.uint8)
        mask = np.zeros((side, side), np.uint8)
        result = picture(image, mask, ['cat'], [[255, 0, 0]], Style())
        heights.append(len(result) - side)
    assert heights[1] > 4 * heights[0]


@pytest.mark.parametrize('options, message', [
    (dict(opacity=1.1), r'opacity must be a number in \[0, 1\], but got 1.1'),
    (dict(opacity='0.5'), 'opacity must be a number'),
    (dict(opacity=float('nan')), 'opacity must be a number'),
    (dict(outlines='no'), 'outlines must be True or False'),
    (dict(labels=1), 'labels must be True or False'),
    (dict(image_format='gif'),
     "image_format must be one of png, jpg, webp, but got 'gif'"),
    (dict(quality=50), r'A quality \(50\) is for jpg and webp,'),
    (dict(image_format='jpg', quality=0), r'quality must be .* \[1, 100\]'),
    (dict(image_format='jpg', compression=3),
     r'A compression \(3\) is for png, but the image'),
    (dict(compression=10), r'compression must be a whole number in \[0, 9\]'),
])
def test_bad_styles(options, message):
    with pytest.raises(UserError, match=message):
        Style(**options)
