import numpy as np
import pytest
from label_maps import label_map
from PIL import Image

CLASSES = ['background', 'cat', 'CAT', 'a/b: c', '猫' * 60]


def read(path):
    with Image.open(path) as image:
        return np.asarray(image)


def files(folder):
    return sorted(path.relative_to(folder).as_posix()
                  for path in folder.rglob('*.png'))


def test_binary_masks(make_result, write, tmp_path):
    mask = label_map(0, len(CLASSES))
    write('binary', tmp_path, [make_result('sub/a', mask, CLASSES)])
    assert files(tmp_path / 'binary') == sorted([
        '0_background/sub/a.png', '1_cat/sub/a.png', '2_CAT/sub/a.png',
        '3_a_b__c/sub/a.png', f'4_{"猫" * 40}/sub/a.png'])
    for i in range(len(CLASSES)):
        path, = tmp_path.glob(f'binary/{i}_*/sub/a.png')
        np.testing.assert_array_equal(read(path), (mask == i) * 255)


def test_cut_outs(make_result, write, tmp_path):
    mask = label_map(1, len(CLASSES))
    result = make_result('a', mask, CLASSES)
    write('cutout', tmp_path, [result])
    assert not (tmp_path / 'cutout/0_background').exists()
    for i in range(1, len(CLASSES)):
        path, = tmp_path.glob(f'cutout/{i}_*/a.png')
        pixels = read(path)
        np.testing.assert_array_equal(pixels[..., 3], (mask == i) * 255)
        np.testing.assert_array_equal(
            pixels[..., :3][mask == i], result.photo[mask == i])
        assert not pixels[mask != i].any()  # nothing is hidden


@pytest.mark.parametrize('kind', ['binary', 'cutout'])
def test_a_class_that_is_gone_loses_its_file(make_result, write, tmp_path,
                                             kind):
    first, second = (np.full((4, 5), i) for i in (1, 2))
    write(kind, tmp_path, [make_result('a', first, CLASSES),
                           make_result('b', first, CLASSES)])
    write(kind, tmp_path, [make_result('a', second, CLASSES)])
    assert files(tmp_path / kind) == ['1_cat/b.png', '2_CAT/a.png']
