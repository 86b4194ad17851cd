"""Several pictures in one."""
import numpy as np
import pytest

from mmseg_clipzs.visualization import (
    grouping_sheet,
    outlined,
    overlay,
    sheet,
)

LONG = 'a very long name of a class that goes on and on and on'


def random_image(h, w, seed=0):
    return np.random.default_rng(seed).integers(
        0, 256, (h, w, 3), dtype=np.uint8)


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


@pytest.mark.parametrize('shape, stages, columns', [
    ((90, 120), 2, 2), ((90, 500), 2, 1), ((500, 90), 1, 3)])
def test_grouping_sheet(shape, stages, columns):
    """Image, groups and classes, in their size and in this order."""
    image = random_image(*shape)
    rng = np.random.default_rng(1)
    groups = rng.integers(0, 9, (stages, *shape))
    mask, palette = rng.integers(0, 2, shape), [[0, 0, 0], [255, 0, 0]]
    classes = ['background', 'cat']
    result = grouping_sheet(image, groups, mask, classes, palette)
    wanted = [image, *(outlined(image, stage, palette) for stage in groups),
              overlay(image, mask, palette, unpainted=[0], outlines=True)]
    h, w = shape
    top = 17  # the title
    for i, panel in enumerate(wanted):
        y, x = divmod(i, columns)
        y, x = y * (top + h + 8) + top, x * (w + 8)
        np.testing.assert_array_equal(result[y:y + h, x:x + w], panel)
    assert result.shape[1] >= columns * (w + 8) - 8
