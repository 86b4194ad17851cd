import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from mmseg_clipzs.formats.outlines import outlines

coco = pytest.importorskip('pycocotools.mask')
MASKS = arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9)))


def filled_by_pycocotools(mask, **settings):
    rles = [coco.frPyObjects([path.ravel().astype(float).tolist()],
                             *mask.shape)[0]
            for path in outlines(mask, **settings)]
    return [coco.decode(rle) > 0 for rle in rles]


def filled_by_opencv(mask, **settings):
    regions = []
    for path in outlines(mask, pixels=True, **settings):
        region = np.zeros(mask.shape, np.uint8)
        cv2.fillPoly(region, [path.astype(np.int32)], 1)
        regions.append(region > 0)
    return regions


def regions_of(mask):
    count, labels = cv2.connectedComponents(
        mask.astype(np.uint8), connectivity=4)
    return [labels == i for i in range(1, count)]


@settings(max_examples=150, deadline=None)
@given(MASKS, st.integers(1, 3))
@pytest.mark.parametrize('fill', [filled_by_pycocotools, filled_by_opencv])
def test_an_exact_outline_fills_exactly_its_region(fill, mask, scale):
    mask = np.kron(mask, np.ones((scale, scale), bool))
    filled, regions = fill(mask), regions_of(mask)
    assert len(filled) == len(regions)

    def key(region):
        return region.tobytes()

    for one, other in zip(sorted(filled, key=key), sorted(regions, key=key)):
        np.testing.assert_array_equal(one, other)


@settings(max_examples=60, deadline=None)
@given(MASKS)
def test_the_area_of_an_outline_is_the_number_of_pixels(mask):
    areas = [cv2.contourArea(path.astype(np.int32))
             for path in outlines(mask)]
    assert sorted(areas) == sorted(r.sum() for r in regions_of(mask))


def test_holes_in_a_row_and_in_each_other():
    mask = np.ones((11, 25), bool)
    mask[2:5, 2:4] = mask[2:5, 6:8] = mask[6:9, 2:4] = False  # one above one
    mask[1:10, 12:23] = False
    mask[3:8, 14:21] = True
    mask[5, 16:18] = False
    paths = outlines(mask)
    assert len(paths) == 2
    together = filled_by_pycocotools(mask)
    np.testing.assert_array_equal(together[0] | together[1], mask)


def disc(size=60):
    y, x = np.mgrid[:size, :size] - size / 2
    ring = np.hypot(x, y)
    return (ring < 0.45 * size) & (ring > 0.15 * size)


@pytest.mark.parametrize('fill', [filled_by_pycocotools, filled_by_opencv])
@pytest.mark.parametrize('tolerance', [0.5, 1, 3])
def test_simplified_outlines_stay_near(fill, tolerance):
    """Pixels that change are within the tolerance of an exact outline."""
    mask = disc()
    changed = fill(mask, tolerance=tolerance)[0] != mask
    inside, outside = (cv2.distanceTransform(
        m.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        for m in (mask, ~mask))
    assert (np.maximum(inside, outside)[changed] <= tolerance + 1).all()
    exact, = outlines(mask)
    short, = outlines(mask, tolerance)
    assert len(short) < len(exact) / (1 if tolerance < 1 else 3)


@settings(max_examples=60, deadline=None)
@given(MASKS, st.floats(0.1, 9), st.booleans())
def test_no_region_is_lost(mask, tolerance, pixels):
    paths = outlines(mask, tolerance, pixels)
    assert len(paths) == len(regions_of(mask))
    assert all(len(path) >= 3 for path in paths)
    if not pixels:
        assert all(cv2.contourArea(path.astype(np.int32)) for path in paths)


@pytest.mark.parametrize('tolerance, corners, miou', [
    (0, 92, 100), (1, 20, 98.7), (2, 12, 97.7)])
def test_figures_of_the_docs(voc_root, tolerance, corners, miou):
    found, both, either = [], np.zeros(21), np.zeros(21)
    for path in sorted((voc_root / 'SegmentationClass').glob('*.png')):
        with Image.open(path) as image:
            labels = np.asarray(image)
        for index in set(np.unique(labels)) - {0, 255}:
            mask = labels == index
            found += map(len, outlines(mask, tolerance))
            drawn = np.any(filled_by_pycocotools(
                mask, tolerance=tolerance), axis=0)
            both[index] += (drawn & mask).sum()
            either[index] += (drawn | mask).sum()
    assert len(found) == 1182
    assert np.mean(found) == pytest.approx(corners, abs=1)
    assert 100 * np.mean(both[1:] / either[1:]) == pytest.approx(
        miou, abs=0.1)


def test_nothing_to_trace():
    assert outlines(np.zeros((5, 6), bool)) == []


@pytest.mark.parametrize('tolerance', [1e30, 1e308, 10**400])
def test_a_tolerance_beyond_the_photo(tolerance):
    """The coarsest outline, as of one that is a little larger than it."""
    mask = cv2.circle(np.zeros((40, 50), np.uint8), (20, 20), 12, 1, -1) > 0
    got, = outlines(mask, tolerance)
    want, = outlines(mask, 100)
    np.testing.assert_array_equal(got, want)
