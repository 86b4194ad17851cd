"""Label maps of any width, and names of results, are read back and unique."""
import os
import unicodedata
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mmseg.registry import TRANSFORMS
from PIL import Image

from mmseg_clipzs.apis import photos
from mmseg_clipzs.datasets import unique_names
from mmseg_clipzs.labels import ignore_index, label_dtype
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.visualization import colour_map, save_mask

COUNTS = st.one_of(st.integers(1, 40), st.sampled_from(
    [150, 254, 255, 256, 257, 300, 65534, 65535]))


@st.composite
def label_maps(draw):
    """Number of classes, and a map of their labels and ignored pixels."""
    count = draw(COUNTS)
    labels = st.one_of(st.integers(0, count - 1), st.sampled_from(
        [0, count - 1, ignore_index(count)]))
    pixels = draw(st.lists(labels, min_size=12, max_size=12))
    return count, np.array(pixels).reshape(3, 4)


@pytest.fixture(scope='module')
def mask_file(tmp_path_factory):
    return tmp_path_factory.mktemp('masks') / 'mask.png'


@given(COUNTS)
def test_ignored_pixels_are_no_class(count):
    largest = np.iinfo(label_dtype(count)).max
    assert count - 1 < ignore_index(count) == largest


@given(label_maps())
def test_written_masks_are_read(mask_file, drawn):
    count, labels = drawn
    save_mask(mask_file, labels, [(i % 256, i // 256, 7)
                                  for i in range(count)])
    with Image.open(mask_file) as image:
        assert np.array_equal(np.asarray(image), labels)


@given(label_maps())
def test_colours_are_those_of_the_classes(drawn):
    count, labels = drawn
    palette = [(i % 256, i // 256, 7) for i in range(count)]
    for row, colours in zip(labels, colour_map(labels, palette)):
        for label, colour in zip(row, colours):
            assert tuple(colour) == (palette[label] if label < count
                                     else (255, 255, 255))


def plain(value, bits, count, reduced):
    """Class index of a label in a mask; None if it is no class."""
    if value == 65535:
        return ignore_index(count)
    if reduced and value == 0:
        return ignore_index(count)
    if count + reduced <= 255 and value == 255:
        return ignore_index(count)
    value -= reduced
    if value >= count:
        return None
    if bits == 8 and value + reduced == 255:
        return None  # a class, or ignored pixels: nobody knows
    return value


@given(COUNTS, st.sampled_from([8, 16]), st.booleans(), st.data())
def test_labels_of_masks(count, bits, reduced, data):
    largest = 2**bits - 1
    raw = data.draw(st.lists(st.one_of(
        st.integers(0, min(count, largest)), st.integers(0, largest),
        st.sampled_from([0, 255, largest])), min_size=1, max_size=5))
    step = TRANSFORMS.build(dict(
        type='LoadLabels', num_classes=count, reduce_zero_label=reduced))
    wanted = [plain(value, bits, count, int(reduced)) for value in raw]
    mask = np.array(raw, np.uint8 if bits == 8 else np.uint16)
    try:
        found = step.class_indices(mask, dict(seg_map_path='mask.png'))
    except UserError:
        # Or a label more than fits into 16 bits.
        assert None in wanted or count + reduced > 65535
        return
    assert found.dtype == label_dtype(count)
    assert found.tolist() == wanted


# -------------------------------------------------------------------- names
PARTS = st.text(st.one_of(st.sampled_from('aAbB_.- 12éE\u0301'),
                          st.characters(exclude_characters='/\0',
                                        exclude_categories=['Cs'])),
                min_size=1, max_size=8).filter(
    lambda text: text.strip('. ') != '')
PATHS = st.tuples(
    st.sampled_from(['p', 'p/a', 'q/a', 'q/A']), st.one_of(
        PARTS, st.sampled_from(['a', 'A', 'a_2', 'a_heat_0', 'x' * 230])),
    st.sampled_from(['.jpg', '.png', '.JPG', '.tif'])).map(
        lambda parts: f'{parts[0]}/{parts[1]}{parts[2]}')


def key(name):
    """What some file systems take for the same name."""
    return unicodedata.normalize('NFC', name).casefold()


@given(st.lists(PATHS, min_size=1, max_size=8))
def test_results_have_names_of_their_own(paths):
    seen, listed = Counter(), []
    for position, path in enumerate(paths):
        listed.append(photos.Photo(path, position))
        listed[-1].repeat = seen[path]
        seen[path] += 1
    names = photos.unique_names(listed)
    assert len(set(map(key, names))) == len(paths)
    for name in names:
        assert not Path(name).is_absolute() and '..' not in Path(name).parts
        assert len(os.fsencode(f'{Path(name).name}_overlay.png')) <= 255
    # The same for each image, in whatever order they come.
    swapped = photos.unique_names(listed[::-1])[::-1]
    assert swapped == names


@given(st.lists(st.lists(PATHS, min_size=1, max_size=5, unique=True),
                min_size=1, max_size=3))
def test_images_of_datasets_have_names_of_their_own(several):
    leaves = [Leaf(paths, Path('data')) for paths in several]
    names = unique_names(SimpleNamespace(datasets=leaves))
    images = {f'data/{path}' for paths in several for path in paths}
    assert set(names) == images
    assert len(set(names.values())) == len(images)
    for name in names.values():
        assert not Path(name).is_absolute() and '..' not in Path(name).parts


class Leaf:
    """A dataset of images below a folder."""

    def __init__(self, paths, folder):
        self.paths, self.folder = paths, folder
        self.data_prefix = dict(img_path=str(folder))

    def __len__(self):
        return len(self.paths)

    def get_data_info(self, index):
        return dict(img_path=str(self.folder / self.paths[index]))
