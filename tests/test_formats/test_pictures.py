"""Pictures of results."""
import numpy as np
import pytest
from label_maps import label_map
from PIL import Image

from mmseg_clipzs.datasets import find_images, is_result
from mmseg_clipzs.datasets.images import SampleError
from mmseg_clipzs.utils import NotOursError, UserError
from mmseg_clipzs.visualization import Style, grouping_sheet, picture


def read(path):
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.mark.parametrize('image_format', ['png', 'jpg', 'webp'])
def test_overlays(write, results, tmp_path, image_format):
    style = Style(image_format=image_format, labels=False)
    records = write('overlay', tmp_path, results, style=style)
    for record, result in zip(records, results):
        file, = record['files']
        assert file == f'{result.name}_overlay.{image_format}'
        found, want = read(tmp_path / file), result.picture(style)
        assert found.shape == want.shape
        difference = np.abs(found.astype(int) - want)
        assert difference.max() == 0 if image_format == 'png' else (
            difference.mean() < 9)
        assert is_result(tmp_path / file)
    assert find_images(tmp_path, recursive=True) == ([], [])
    write('overlay', tmp_path, results, style=style)  # replaces its own
    path = tmp_path / records[0]['files'][0]
    Image.fromarray(results[0].photo).save(path)
    with pytest.raises(NotOursError, match='was not written by this tool'):
        write('overlay', tmp_path, results[:1], style=style)


def test_style_of_overlays(make_result):
    result = make_result('a', label_map(3))
    looks = [result.picture(style) for style in (
        Style(), Style(opacity=0.9), Style(outlines=False))]
    assert np.array_equal(looks[0], result.picture())
    assert not any(np.array_equal(looks[0], look) for look in looks[1:])
    assert np.array_equal(looks[0], picture(
        result.photo, result.mask, result.classes, result.palette, Style()))


def test_the_photo_is_seen_where_nothing_is_painted(make_result):
    mask = label_map(4)
    mask[:3] = 255
    result = make_result('a', mask)
    found = result.picture(Style(labels=False))[:len(mask), :mask.shape[1]]
    free = np.isin(mask, [0, 255])
    assert np.array_equal(found[free], result.photo[free])
    assert (found[~free] != result.photo[~free]).any(-1).mean() > 0.9


def test_groups(write, make_result, tmp_path):
    result = make_result('a', label_map(1))
    assert write('groups', tmp_path, [result])[0]['files'] == []
    result.groups = np.stack([result.mask, result.mask % 2])
    style = Style(opacity=0.8, outlines=False)
    file, = write('groups', tmp_path, [result], style=style)[0]['files']
    assert np.array_equal(read(tmp_path / file), grouping_sheet(
        result.photo, result.groups, result.mask, result.classes,
        result.palette, 0.8, False))


@pytest.mark.parametrize('image_format, width', [('webp', 16384),
                                                 ('jpg', 65536)])
def test_pictures_that_are_too_large(
        write, make_result, tmp_path, image_format, width):
    result = make_result('a', np.ones((1, width), int))
    with pytest.raises(SampleError, match=f'{width:,} pixels a side'):
        write('overlay', tmp_path, [result],
              style=Style(image_format=image_format))
    assert not list(tmp_path.iterdir())
    assert write('overlay', tmp_path, [result])[0]['files']


@pytest.mark.parametrize('classes, count', [(['cat', 'cat ' * 20], 2)])
def test_heat_maps(write, make_result, tmp_path, classes, count):
    result = make_result('sub/a', np.zeros((40, 60), int), classes)
    result.make_scores = lambda: np.full((count, 40, 60), 0.5, np.float32)
    files = write('heatmaps', tmp_path, [result],
                  style=Style(image_format='jpg'))[0]['files']
    assert files[0] == 'sub/a_heat_0_cat.jpg' and len(files) == count
    assert all(is_result(tmp_path / file) for file in files)
    sizes = [read(tmp_path / file).shape for file in files]
    assert sizes[1][0] > sizes[0][0] > 40  # a title of more lines


def test_no_style(make_result):
    with pytest.raises(UserError, match='image_format must be one of'):
        make_result('a', label_map(1)).picture(Style(image_format='PNG'))
