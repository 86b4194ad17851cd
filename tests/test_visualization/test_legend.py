"""Legends and class names on regions."""
import numpy as np
import pytest

from mmseg_clipzs.visualization import (
    class_palette,
    overlay,
    share_text,
    shares_of,
    voc_palette,
    with_legend,
    write_names,
)
from mmseg_clipzs.visualization.fonts import text_font
from mmseg_clipzs.visualization.legend import one_line, wrap


def random_image(h, w, seed=0):
    return np.random.default_rng(seed).integers(
        0, 256, (h, w, 3), dtype=np.uint8)


LONG = 'a very long name of a class that goes on and on and on'
NAMES = [
    ['cat', 'grass', 'sky'],
    ['Käfer', 'собака', 'γάτα'],
    ['猫', 'قط', 'แมว'],
    [LONG, LONG + ' too', 'sky'],
    [f'{LONG} {LONG} {LONG}', 'x' * 5000, ' '],
    ['a\nb', '\x00\x1b[31m', '\u202eevil'],
]


@pytest.mark.parametrize('names', NAMES)
@pytest.mark.parametrize('h, w', [(1, 1), (30, 50), (120, 400), (20, 2000)])
def test_legend_is_below_the_image(names, h, w):
    image = random_image(h, w)
    mask = np.arange(h * w).reshape(h, w) % len(names)
    palette = voc_palette(len(names))
    for painted in (None, overlay(image, mask, palette)):
        result = with_legend(image, mask, names, palette, painted)
        assert result.dtype == np.uint8
        assert np.array_equal(result[:h, :w], image)
        assert result.shape[1] == max(w, 240)
        # Up to four lines a name.
        assert 17 <= result.shape[0] - h <= (17 * 4 + 6) * len(names) + 16
        assert (result[h:] < 255).any()


def test_legend_shows_only_classes_that_occur():
    palette = voc_palette(5)
    mask = np.array([[0] * 6 + [3] * 4])
    legend = with_legend(
        random_image(1, 10), mask, list('abcde'), palette)[1:]
    shown = {tuple(c) for c in legend.reshape(-1, 3).tolist()}
    assert [tuple(c) in shown for c in palette] == [
        True, False, False, True, False]


def test_the_largest_share_comes_first():
    mask = np.array([[1] * 3 + [0] * 5 + [255] * 2])
    shares = shares_of(mask, 2)
    assert list(shares) == [0, 1]
    assert list(shares.values()) == pytest.approx([0.5, 0.3])
    legend = with_legend(random_image(1, 10), mask, ['a', 'b'],
                         [[1, 2, 3], [3, 2, 1]])[1:]
    places = [np.argwhere((legend == colour).all(-1))[:, 1].min()
              for colour in ([1, 2, 3], [3, 2, 1])]
    assert places[0] < places[1]


@pytest.mark.parametrize('share, text', [
    (1, '100 %'), (0.994, '99 %'), (0.014, '1 %'), (0.01, '1 %'),
    (0.0099, '<1 %'), (1e-7, '<1 %')])
def test_shares(share, text):
    assert share_text(share) == text


def test_swatches_look_like_the_areas():
    """Mean colour of the area, bordered by the colour of the class."""
    image = np.zeros((40, 300, 3), np.uint8)
    image[:20] = 240
    mask = np.zeros((40, 300), int)
    mask[20:] = 1
    palette = [[250, 0, 0], [0, 0, 250]]
    painted = overlay(image, mask, palette, 0.5)
    legend = with_legend(image, mask, ['a', 'b'], palette, painted)[40:]
    found = set(map(tuple, legend.reshape(-1, 3).tolist()))
    for y, colour in ((0, palette[0]), (39, palette[1])):
        assert {tuple(painted[y, 0].tolist()), tuple(colour)} <= found
    unpainted = with_legend(
        image, mask, ['background', 'b'], palette, painted)[40:]
    assert not (unpainted == palette[0]).all(-1).any()


@pytest.mark.parametrize('count', [60, 171])
@pytest.mark.parametrize('w', [20, 500, 900])
def test_legend_of_many_classes(count, w):
    """Each has its swatch, and columns are used where there is room."""
    names = [f'class {"x" * (i % 7)} {i}' for i in range(count)]
    palette = class_palette(names)
    mask = np.arange(60 * w).reshape(60, w) % count
    legend = with_legend(random_image(60, w), mask, names, palette)[60:]
    found = set(map(tuple, legend.reshape(-1, 3).tolist()))
    assert set(map(tuple, palette)) <= found
    assert legend.shape[1] == max(w, 240)
    columns = max(legend.shape[1] // 250, 1)
    assert len(legend) < 30 + 22 * -(-count // columns)


@pytest.mark.parametrize('mask', [
    np.full((4, 5), 255), np.array([[0, 255, 255]])])
def test_legend_skips_ignored_pixels(mask):
    """Ground truth may contain only ignored pixels."""
    image = random_image(*mask.shape)
    result = with_legend(image, mask, ['cat'], voc_palette(1))
    h, w = mask.shape
    assert np.array_equal(result[:h, :w], image)


@pytest.mark.parametrize('text', [LONG, 'x' * 500, 'a', 'a ' * 99, LONG * 9])
@pytest.mark.parametrize('room', [40, 200, 5000])
def test_wrapped_names(text, room):
    lines = wrap(text, 14, room)
    assert 1 <= len(lines) <= 4
    length = text_font(text, 14).getlength
    assert all(length(line) <= room + 14 for line in lines)
    joined = ''.join(lines).replace(' ', '')
    cut = joined.endswith('…')
    assert text.replace(' ', '').startswith(joined.rstrip('…'))
    assert cut == (len(joined) < len(text.replace(' ', '')) or cut)
    assert not cut or len(lines) == 4


@pytest.mark.parametrize('text, line', [
    ('a\nb\tc', 'a b c'), ('\x00', ''), ('\u202eab', 'ab'),
    ('क्\u200dष', 'क्\u200dष'), ('  a  ', 'a'), ('\ud800x', 'x')])
def test_one_line(text, line):
    assert one_line(text) == line


# ------------------------------------------------------- names on regions
def name_boxes(image, result):
    """(H, W) bool: Pixels that have changed."""
    return (image != result).any(-1)


@pytest.mark.parametrize('step', [1, 4])
def test_names_are_inside_of_their_regions(step):
    rng = np.random.default_rng(step)
    mask = np.repeat(np.repeat(rng.integers(0, 5, (3, 4)), 120, 0), 160, 1)
    mask = np.repeat(np.repeat(mask, step, 0), step, 1)
    image = np.full((*mask.shape, 3), 90, np.uint8)
    palette = [[200, 10 * i, 40 * i] for i in range(5)]
    names = [f'class {i}' for i in range(5)]
    result = write_names(image, mask, names, palette, unpainted=[2])
    changed = name_boxes(image, result)
    for i in set(np.unique(mask)) - {2}:
        assert (changed & (mask == i)).sum() > 500 * step
        # A box has its class's colour, and lies in its area.
        box = (result == palette[i]).all(-1)
        assert (mask[box] == i).mean() > 0.99
    assert not (changed & (mask == 2)).any()


def test_each_large_part_has_a_name():
    mask = np.zeros((300, 400), int)
    mask[50:150, 20:180] = mask[50:150, 220:380] = 1  # two
    mask[250:256, 10:300] = mask[200:215, 30:45] = 1  # too low, too small
    image = np.full((300, 400, 3), 9, np.uint8)
    changed = name_boxes(image, write_names(
        image, mask, ['background', 'sheep'], [[0] * 3, [200] * 3], [0]))
    for x in (20, 220):
        part = changed[50:150, x:x + 160]
        assert part.any()
        y, x = np.argwhere(part).mean(0)
        assert abs(y - 50) < 15 and abs(x - 80) < 25  # central
    assert not changed[155:].any()


@pytest.mark.parametrize('name', [*sum(NAMES, []), 'x' * 31, 'x' * 33])
def test_names_of_all_kinds(name):
    image = np.full((200, 900, 3), 9, np.uint8)
    result = write_names(
        image, np.zeros((200, 900), int), [name], [[200] * 3])
    assert name_boxes(image, result).any() == bool(one_line(name))


@pytest.mark.parametrize('h, w', [(1, 1), (5, 900), (900, 5), (14, 30)])
def test_no_name_where_none_fits(h, w):
    image = random_image(h, w)
    assert np.array_equal(image, write_names(
        image, np.zeros((h, w), int), ['elephant'], [[9, 9, 9]]))


def test_ignored_pixels_have_no_name():
    image = random_image(200, 200)
    assert np.array_equal(image, write_names(
        image, np.full((200, 200), 255), ['cat'], [[9, 9, 9]]))
