import contextlib
import io
import json
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from label_maps import label_map

from mmseg_clipzs.formats import make_formats
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.visualization import voc_palette

coco = pytest.importorskip('pycocotools.coco')
BOTH = ['coco', 'coco_polygons']
FILE = 'annotations/instances_default.json'


def load(folder, kind):
    with contextlib.redirect_stdout(io.StringIO()):
        return coco.COCO(folder / kind / FILE)


def masks_of(data):
    """dict: Photo -> class -> (H, W) bool, by pycocotools."""
    masks = {}
    for key, image in data.imgs.items():
        found = masks[image['file_name']] = {}
        for each in data.loadAnns(data.getAnnIds(imgIds=[key])):
            mask = data.annToMask(each) > 0
            assert each['area'] == mask.sum() > 0
            ys, xs = np.nonzero(mask)
            assert each['bbox'] == [
                xs.min(), ys.min(), np.ptp(xs) + 1, np.ptp(ys) + 1]
            name = data.cats[each['category_id']]['name']
            assert not (found.get(name, False) & mask).any()
            found[name] = found.get(name, False) | mask
    return masks


def expected(results):
    return {f'{result.name}.jpg': {
        name: result.mask == i for i, name in enumerate(result.classes)
        if name != 'background' and (result.mask == i).any()}
        for result in results}


def assert_equal(found, wanted):
    assert found.keys() == wanted.keys()
    for photo in found:
        assert found[photo].keys() == wanted[photo].keys()
        for name, mask in found[photo].items():
            np.testing.assert_array_equal(mask, wanted[photo][name])


@pytest.mark.parametrize('kind', BOTH)
@pytest.mark.parametrize('background', [0, 2, None])
def test_read_by_pycocotools(make_result, write, tmp_path, kind, background):
    classes = ['cat', 'a: "b"\n/c', '猫']
    if background is not None:
        classes.insert(background, 'background')
    results = [make_result(name, label_map(i, len(classes)), classes)
               for i, name in enumerate(['a', 'sub dir/a', 'b'])]
    write(kind, tmp_path, results)
    data = load(tmp_path, kind)
    assert_equal(masks_of(data), expected(results))
    assert [cat['name'] for cat in data.cats.values()] == [
        name for name in classes if name != 'background']
    assert [*data.cats] == [1, 2, 3]
    assert [*data.anns] == [*range(1, len(data.anns) + 1)]


@pytest.mark.parametrize('kind', BOTH)
def test_many_classes_and_photos_without_any(make_result, write, tmp_path,
                                             kind):
    """More than 255 classes, of which 255 is one and 65535 is none."""
    classes = [f'class {i}' for i in range(300)]
    results = [
        make_result('a', np.array([[0, 255, 255, 299, 65535]]), classes),
        make_result('none', np.full((3, 4), 65535), classes)]
    write(kind, tmp_path, results)
    assert_equal(masks_of(load(tmp_path, kind)), expected(results))


@settings(max_examples=25, deadline=None, suppress_health_check=[
    HealthCheck.function_scoped_fixture])  # they keep nothing
@given(st.integers(0, 10**6), st.integers(1, 6),
       st.tuples(st.integers(1, 9), st.integers(1, 9)))
@pytest.mark.parametrize('kind', BOTH)
def test_any_label_map(make_result, tmp_path_factory, write, kind, seed,
                       classes, size):
    rng = np.random.default_rng(seed)
    mask = rng.choice([*range(classes), 255], size)
    folder = tmp_path_factory.mktemp('coco')
    result = make_result('a', mask, [f'class {i}' for i in range(classes)])
    write(kind, folder, [result], copy_photos=False)
    assert_equal(masks_of(load(folder, kind)), expected([result]))



def test_read_by_supervision(results, write, tmp_path):
    """Its masks of RLEs are equal."""
    supervision = pytest.importorskip('supervision')
    write('coco', tmp_path, results)
    data = supervision.DetectionDataset.from_coco(
        str(tmp_path / 'coco/images'), str(tmp_path / 'coco' / FILE))
    assert data.classes == [*results[0].classes[1:]]
    found = {}
    for path, image, detections in data:
        name = path.partition('/coco/images/')[2]
        found[name] = {data.classes[i]: mask for i, mask in zip(
            detections.class_id, detections.mask
            if detections.mask is not None else ())}
        assert all(mask.shape == image.shape[:2]
                   for mask in found[name].values())
    assert_equal(found, expected(results))


def test_polygons_read_by_supervision(results, write, tmp_path):
    """It draws the edges, too: up to a pixel more to the right and below."""
    supervision = pytest.importorskip('supervision')
    write('coco_polygons', tmp_path, results)
    data = supervision.DetectionDataset.from_coco(
        str(tmp_path / 'coco_polygons/images'),
        str(tmp_path / 'coco_polygons' / FILE))
    for path, _, detections in data:
        wanted = expected(results)[path.partition('/images/')[2]]
        for name, mask in wanted.items():
            drawn = np.any([m for i, m in zip(
                detections.class_id, detections.mask)
                if data.classes[i] == name], axis=0)
            near = np.pad(mask, ((1, 0), (1, 0)))
            near = near[1:, 1:] | near[:-1, 1:] | near[1:, :-1] | near[
                :-1, :-1]
            assert (drawn >= mask).all() and (drawn <= near).all()


def test_simplified_polygons(make_result, write, tmp_path):
    y, x = np.mgrid[:80, :90]
    mask = (np.hypot(x - 40, y - 40) < 30).astype(int)
    points = {}
    for tolerance in (0, 1):
        write('coco_polygons', tmp_path / str(tolerance), [
            make_result('a', mask, ['background', 'disc'])],
            tolerance=tolerance)
        data = load(tmp_path / str(tolerance), 'coco_polygons')
        annotation, = data.anns.values()
        found = data.annToMask(annotation)
        points[tolerance] = len(annotation['segmentation'][0])
        overlap = (found & mask).sum() / (found | mask).sum()
        assert overlap > 0.96
    assert 3 * points[1] < points[0]


def test_two_runs_are_equal(results, write, tmp_path):
    contents = []
    for folder in ('x', 'y'):
        write('coco', tmp_path / folder, results)
        contents.append((tmp_path / folder / 'coco' / FILE).read_bytes())
    assert contents[0] == contents[1]
    assert b'Written by mmseg_clipzs' in contents[0][:100]


@pytest.mark.parametrize('name, source, file', [
    ('a', 'photos/a.png', 'a.png'), ('sub/a', '/x/sub/a.TIF', 'sub/a.TIF'),
    ('sub/a.png', 'sub/a.png', 'sub/a.png'),
    ('a-0123', 'photos/a.png', 'a-0123.png')])
def test_photos_that_stay_where_they_are(tmp_path, name, source, file):
    kind, = make_formats(['coco'], tmp_path, ['cat'], voc_palette(1),
                         copy_photos=False)
    path, = kind.finish([dict(
        name=name, source=source, width=3, height=2, coco=[])])
    image, = json.loads(path.read_text())['images']
    assert image == dict(id=1, file_name=file, width=3, height=2)


def test_the_json_of_no_photos(write, tmp_path):
    kind, = make_formats(['coco'], tmp_path, ['cat'], voc_palette(1))
    path, = kind.finish([])
    assert json.loads(path.read_text())['images'] == []


def test_without_pycocotools(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'pycocotools', None)
    monkeypatch.delitem(sys.modules, 'pycocotools.mask', raising=False)
    with pytest.raises(UserError, match=r'mmseg_clipzs\[coco\]'):
        make_formats(['coco'], tmp_path, ['cat'], voc_palette(1))


@pytest.mark.parametrize('kind', ['coco_polygons', 'yolo'])
@pytest.mark.parametrize('tolerance', [-1, float('nan'), '1', None])
def test_bad_tolerances(kind, tolerance, tmp_path):
    with pytest.raises(UserError, match='tolerance must be a number in'):
        make_formats([kind], tmp_path, ['cat'], voc_palette(1),
                     tolerance=tolerance)
