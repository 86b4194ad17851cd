"""Colours of classes."""
import numpy as np
import pytest
from mmseg.datasets import PascalVOCDataset

from mmseg_clipzs.visualization import (
    class_palette,
    group_palette,
    voc_palette,
)
from mmseg_clipzs.visualization.colours import differences, seen, text_colour
from mmseg_clipzs.vocabularies import get_vocabulary

WORDS = [f'word {i}' for i in range(5000)]
# Viénot, Brettel and Mollon, "Digital video colourmaps for checking the
# legibility of displays by dichromats", 1999: RGB -> LMS; the package takes
# another simulation.
LMS = np.array([[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714],
                [0.0299566, 0.184309, 1.46709]])
DICHROMATS = {
    'protanopia': [[0, 2.02344, -2.52581], [0, 1, 0], [0, 0, 1]],
    'deuteranopia': [[1, 0, 0], [0.494207, 0, 1.24827], [0, 0, 1]]}


def as_seen(palette, viewer):
    """RGB in [0, 1] as a dichromat sees it."""
    colours = np.asarray(palette) / 255
    if viewer == 'normal':
        return colours
    linear = np.where(colours <= 0.04045, colours / 12.92,
                      ((colours + 0.055) / 1.055) ** 2.4)
    seen = (linear @ LMS.T @ np.array(DICHROMATS[viewer]).T
            @ np.linalg.inv(LMS).T).clip(0, 1)
    return np.where(seen <= 0.0031308, seen * 12.92,
                    1.055 * seen ** (1 / 2.4) - 0.055)


def smallest_difference(palette, viewer):
    """float: CIEDE2000 between the two nearest colours."""
    color = pytest.importorskip('skimage.color')
    lab = color.rgb2lab(as_seen(palette, viewer)[None])[0]
    first, second = np.triu_indices(len(palette), 1)
    return color.deltaE_ciede2000(lab[first], lab[second]).min()


# ----------------------------------------------------------- Pascal VOC's
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


# ---------------------------------------------------------------- by name
@pytest.mark.parametrize('count, normal, dichromat', [
    (8, 11, 6.5), (20, 8, 4.5), (60, 5, 2.5), (150, 3, 1.3)])
@pytest.mark.parametrize('viewer', ['normal', *DICHROMATS])
def test_colours_stay_apart(count, normal, dichromat, viewer):
    """Further than Pascal VOC's, of which 8 suit one viewer only."""
    found = smallest_difference(class_palette(WORDS[:count]), viewer)
    assert found > (normal if viewer == 'normal' else dichromat)
    if (count, viewer) != (8, 'normal'):
        assert found > smallest_difference(voc_palette(count), viewer)


@pytest.mark.parametrize('name', [
    'voc21', 'context59', 'cityscapes19', 'ade20k150', 'coco_stuff171'])
def test_lists_that_come_along(name):
    classes = get_vocabulary(name).classes
    for viewer in ('normal', *DICHROMATS):
        assert smallest_difference(class_palette(classes), viewer) > (
            smallest_difference(voc_palette(len(classes)), viewer))


@pytest.mark.parametrize('count', [1, 2, 16, 17, 255, 256, 847, 5000])
def test_colours_are_different(count):
    palette = class_palette(WORDS[:count])
    assert len(palette) == count == len(set(map(tuple, palette)))
    assert [0, 0, 0] not in palette and [255, 255, 255] not in palette
    assert all(type(value) is int and 0 <= value <= 255
               for colour in palette for value in colour)
    assert len(set(group_palette(count))) == count


@pytest.mark.parametrize('classes', [1, 3, 20, 171])
def test_groups_have_no_colours_of_classes(classes):
    palette = class_palette(WORDS[:classes])
    groups = group_palette(40, palette)
    assert len(set(groups)) == 40 and not set(groups) & set(
        map(tuple, palette))
    assert group_palette(40, np.array(palette)) == groups
    for colour in palette[:3]:
        assert differences(
            seen(groups[:5]), seen([colour])[:, 0]).min() >= 0.03


@pytest.mark.parametrize('count', [5, 30, 300])
def test_the_order_does_not_matter(count):
    order = np.random.default_rng(count).permutation(count)
    palette = class_palette(WORDS[:count])
    assert class_palette([WORDS[i] for i in order]) == [
        palette[i] for i in order]


def test_a_word_keeps_its_colour():
    """Unless another word, which comes first, has the same of sixteen."""
    alone = {word: class_palette([word])[0] for word in WORDS[:500]}
    assert len(set(map(tuple, alone.values()))) == 16
    kept = total = 0
    for start in range(0, 496, 8):
        words = WORDS[start:start + 8]
        palette = class_palette(words)
        first = set()
        for word, colour in zip(words, palette):
            kept += colour == alone[word]
            first.add(tuple(alone[word]))
            total += 1
        # Each of the sixteen that is wanted is given to one who wants it.
        assert sum(colour == alone[word] for word, colour in zip(
            words, palette)) == len(first)
    assert kept / total > 0.75


def test_frequent_words_have_their_colours_together():
    words = ['person', 'car', 'cat', 'dog', 'grass', 'tree', 'sky', 'road',
             'building', 'water']
    assert class_palette(words) == [class_palette([w])[0] for w in words]


def test_case_does_not_matter():
    assert class_palette(['Cat']) == class_palette(['cat'])
    assert class_palette(['Cat', 'cat']) == class_palette(['cat', 'Cat'])[::-1]
    assert class_palette(['Background', 'cat'])[0] == [0, 0, 0]


def test_given_colours_come_first():
    free = class_palette(['dog'])[0]
    palette = class_palette(
        ['background', 'Cat', 'dog', 'sky'],
        {'cat': free, 'Background': (9, 9, 9), 'cow': (1, 2, 3)})
    assert palette[:2] == [[9, 9, 9], free]
    assert palette[2] != free
    same = class_palette(['a', 'b'], {'a': (1, 2, 3), 'b': (1, 2, 3)})
    assert same == [[1, 2, 3]] * 2  # as the user wants


@pytest.mark.parametrize('colour', [
    *class_palette(WORDS[:60]), [0, 0, 0], [255, 255, 255], [119] * 3])
def test_names_can_be_read_on_their_colour(colour):
    def luminance(rgb):
        rgb = np.asarray(rgb) / 255
        return np.where(rgb <= 0.04045, rgb / 12.92, (
            (rgb + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]

    low, high = sorted([luminance(text_colour(colour)), luminance(colour)])
    assert (high + 0.05) / (low + 0.05) >= 4.5
