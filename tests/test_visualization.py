import numpy as np
import pytest
from mmseg.datasets import PascalVOCDataset
from PIL import Image

from mmseg_clipzs.visualization import (
    colour_map,
    grouping_sheet,
    heat_map,
    outlined,
    overlay,
    save_mask,
    sheet,
    voc_palette,
    with_legend,
)


def random_image(h, w, seed=0):
    return np.random.default_rng(seed).integers(
        0, 256, (h, w, 3), dtype=np.uint8)


# ----------------------------------------------------------------- colours
def test_palette_is_pascal_vocs():
    official = PascalVOCDataset.METAINFO['palette']
    assert voc_palette(21, background=True) == official
    assert voc_palette(20) == official[1:]


@pytest.mark.parametrize('count', [1, 2, 59, 171, 255, 256, 847])
@pytest.mark.parametrize('background', [True, False])
def test_palette_has_different_colours(count, background):
    palette = voc_palette(count, background)
    assert len(palette) == count == len(set(map(tuple, palette)))
    assert ([0, 0, 0] in palette) == background
    assert all(0 <= value <= 255 for colour in palette for value in colour)


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
def test_overlay_blends(opacity):
    image, palette = random_image(6, 5), voc_palette(4)
    mask = np.random.default_rng(1).integers(0, 4, (6, 5))
    result = overlay(image, mask, palette, opacity)
    assert result.dtype == np.uint8 and result.shape == image.shape
    for y, x in np.ndindex(6, 5):
        expected = (1 - opacity) * image[y, x] + opacity * np.array(
            palette[mask[y, x]])
        assert np.abs(result[y, x] - expected).max() <= 0.5 + 1e-9


def test_heat_map_brightness_grows_with_the_score():
    score = np.linspace(0, 1, 50)[None].repeat(4, 0)
    result = heat_map(np.full((4, 50, 3), 100, np.uint8), score)
    assert result.dtype == np.uint8 and result.shape == (4, 50, 3)
    brightness = result[0].astype(float) @ [0.299, 0.587, 0.114]
    assert (np.diff(brightness) > -1).all()
    assert brightness[-1] - brightness[0] > 100


def test_outlined_segments():
    """White to the right of and below borders, colours elsewhere."""
    image = random_image(4, 5)
    segments = np.array([[0, 0, 1, 1, 1]] * 2 + [[2, 2, 1, 1, 1]] * 2)
    result = outlined(image, segments)
    white = np.zeros((4, 5), bool)
    white[:, 2] = white[2, :2] = True
    assert (result[white] == 255).all()
    np.testing.assert_array_equal(
        result[~white], overlay(image, segments, voc_palette(3))[~white])


# ------------------------------------------------------------------ legend
LONG = 'a very long name of a class that goes on and on and on'
NAMES = [
    ['cat', 'grass', 'sky'],
    ['Käfer', 'собака', 'γάτα'],
    ['猫', 'قط', 'แมว'],  # not in the font: drawn as boxes
    [LONG, LONG + ' too', 'sky'],
    [f'{LONG} {LONG} {LONG}', 'x', ' '],
]


@pytest.mark.parametrize('names', NAMES)
@pytest.mark.parametrize('h, w', [(1, 1), (30, 50), (120, 400), (20, 2000)])
def test_legend_is_below_the_image(names, h, w):
    image = random_image(h, w)
    mask = np.arange(h * w).reshape(h, w) % len(names)
    result = with_legend(image, mask, names, voc_palette(len(names)))
    assert result.dtype == np.uint8
    assert np.array_equal(result[:h, :w], image)
    assert result.shape[1] == max(w, 240)
    assert 22 <= result.shape[0] - h <= 22 * len(names) + 8
    assert (result[h:] < 255).any()


def test_legend_shows_only_classes_that_occur():
    palette = voc_palette(5)
    mask = np.array([[0] * 6 + [3] * 4])
    legend = with_legend(
        random_image(1, 10), mask, list('abcde'), palette)[1:]
    shown = {tuple(c) for c in legend.reshape(-1, 3).tolist()}
    assert [tuple(c) in shown for c in palette] == [
        True, False, False, True, False]


def test_legend_of_many_classes():
    names = [f'class {"x" * (i % 7)} {i}' for i in range(171)]
    mask = np.arange(171 * 3).reshape(27, 19) % 171
    result = with_legend(random_image(27, 19), mask, names, voc_palette(171))
    assert result.shape == (27 + 171 * 22 + 8, 240, 3)
    wide = with_legend(random_image(27, 900), np.repeat(mask, 48, 1)[:, :900],
                       names, voc_palette(171))
    assert wide.shape[1] == 900 and wide.shape[0] < 27 + 90 * 22


@pytest.mark.parametrize('mask', [
    np.full((4, 5), 255), np.array([[0, 255, 255]])])
def test_legend_skips_ignored_pixels(mask):
    """Ground truth may contain only ignored pixels."""
    image = random_image(*mask.shape)
    result = with_legend(image, mask, ['cat'], voc_palette(1))
    h, w = mask.shape
    assert np.array_equal(result[:h, :w], image)


# ------------------------------------------------------------------- sheet
def test_sheet_layout():
    red, blue = (np.full((40, 80, 3), colour, np.uint8)
                 for colour in ([255, 0, 0], [0, 0, 255]))
    tall = np.full((90, 30, 3), (0, 255, 0), np.uint8)
    result = sheet([[red, blue], [tall, red]], ['photo', 'other'], cell=60)
    assert result.dtype == np.uint8
    assert result.shape[1] >= 2 * 60 and result.shape[0] >= 2 * 60
    centres = [(28 + 30 + r * 68, 8 + 30 + c * 68)
               for r in range(2) for c in range(2)]
    assert [result[y, x].tolist() for y, x in centres] == [
        [255, 0, 0], [0, 0, 255], [0, 255, 0], [255, 0, 0]]
    # The aspect ratio is kept: 2:1 fills half of a cell's height.
    column = (result[28:88, 38] == [255, 0, 0]).all(1)
    assert column.sum() == 30


@pytest.mark.parametrize('sizes', [[(1, 1)], [(4000, 3), (3, 4000)]])
def test_sheet_of_elongated_images(sizes):
    result = sheet([[random_image(*size) for size in sizes]],
                   [LONG] * len(sizes), cell=50)
    assert result.shape == (90, 58 * len(sizes) + 8, 3)


def test_grouping_sheet():
    """Image, two stages of groups and classes from left to right."""
    image = np.full((60, 60, 3), 200, np.uint8)
    first, mask = np.zeros((2, 60, 60), int)
    final = np.full((60, 60), 2)
    palette = [[255, 0, 0]]
    result = grouping_sheet(
        image, np.stack([first, final]), mask, ['cat'], palette, cell=60)
    panels = [result[28:88, x:x + 60] for x in range(8, 4 * 68, 68)]
    for panel, expected in zip(panels, (
            image, outlined(image, first), outlined(image, final),
            overlay(image, mask, palette))):
        np.testing.assert_array_equal(panel, expected)
    legend = result[100:]
    assert (legend == [255, 0, 0]).all(-1).any()


# -------------------------------------------------------------------- mask
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
