import numpy as np
import pytest
from image_files import BAD, GOOD, write_bad
from mmseg.registry import TRANSFORMS

from mmseg_clipzs.datasets.images import ImageReadError


@pytest.fixture
def load_photo():
    return TRANSFORMS.build(dict(type='LoadPhoto'))


@pytest.mark.parametrize('kind', GOOD)
@pytest.mark.parametrize('in_memory', [False, True])
def test_all_formats_become_bgr(kind, in_memory, load_photo, tmp_path):
    suffix, write, tolerance = GOOD[kind]
    path = tmp_path / f'image.{suffix}'
    expected = np.asarray(write(path), float)
    results = dict(img_path=str(path))
    if in_memory:
        results = dict(img_path='anywhere', img_bytes=path.read_bytes())
    results = load_photo(results)
    assert results['img'].dtype == np.uint8
    assert np.abs(results['img'][..., ::-1] - expected).max() <= (
        tolerance or 0.5)
    assert results['img_shape'] == results['ori_shape'] == expected.shape[:2]
    assert results['img'].flags.c_contiguous and 'img_bytes' not in results


@pytest.mark.parametrize('kind', BAD)
def test_unreadable_files(kind, load_photo, tmp_path):
    path, message = write_bad(kind, tmp_path)
    with pytest.raises(ImageReadError, match=message):
        load_photo(dict(img_path=str(path)))
    if path.exists():
        with pytest.raises(ImageReadError, match=message):
            load_photo(dict(img_path=f'a.tar/{path.name}',
                            img_bytes=path.read_bytes()))
