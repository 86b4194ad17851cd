import cv2
import numpy as np
import pytest
from image_files import BAD, GOOD, noise, write_bad
from mmengine.dataset import Compose
from mmseg.registry import TRANSFORMS
from PIL import Image

from mmseg_clipzs.utils import UserError


@pytest.fixture
def load():
    """``load(image, mask)``: a sample of a dataset's pipeline."""
    pipeline = Compose([
        TRANSFORMS.build(dict(type=name)) for name in (
            'LoadImageFromFile', 'LoadAnnotations', 'CheckSample',
            'PackSegInputs')])
    return lambda image, mask: pipeline(dict(
        img_path=str(image), seg_map_path=str(mask), label_map=None,
        reduce_zero_label=False, seg_fields=[]))


@pytest.mark.parametrize('kind', GOOD)
def test_sound_samples_pass(kind, load, tmp_path):
    suffix, write, tolerance = GOOD[kind]
    path = tmp_path / f'image.{suffix}'
    expected = np.asarray(write(path), float)
    if suffix.lower() == 'gif' and not cv2.haveImageReader(str(path)):
        pytest.skip('an older OpenCV, which reads no GIF')
    mask = np.zeros(expected.shape[:2], np.uint8)
    Image.fromarray(mask).save(tmp_path / 'mask.png')
    if kind.startswith(('grey_32', 'floats')):  # only LoadPhoto reads them
        with pytest.raises(UserError, match='image.tiff? cannot be decoded'):
            load(path, tmp_path / 'mask.png')
        return
    data = load(path, tmp_path / 'mask.png')
    assert data['inputs'].shape == (3, *expected.shape[:2])
    assert data['data_samples'].gt_sem_seg.data.shape == (1, *mask.shape)
    if 'alpha' in kind or kind in ('rgba', 'palette_transparent'):
        return  # mmcv ignores transparency
    loaded = data['inputs'].numpy()[::-1].transpose(1, 2, 0)
    assert np.abs(loaded - expected).max() <= max(tolerance, 1)


@pytest.mark.parametrize('kind', [kind for kind in BAD if kind != 'empty'])
def test_damaged_images(kind, load, tmp_path):
    """mmcv refuses some of them with other errors."""
    path, _ = write_bad(kind, tmp_path)
    Image.new('L', (48, 64)).save(tmp_path / 'mask.png')
    with pytest.raises((UserError, FileNotFoundError, AssertionError),
                       match=path.name):
        load(path, tmp_path / 'mask.png')


def test_truncated_jpegs_are_refused_by_this_transform(tmp_path):
    path, message = write_bad('truncated', tmp_path)
    check = TRANSFORMS.build(dict(type='CheckSample'))
    with pytest.raises(UserError, match=message):
        check(dict(img_path=str(path), ori_shape=(64, 48)))


@pytest.mark.parametrize('size', [(48, 64), (64, 47), (1, 1)])
def test_masks_of_another_size(size, load, tmp_path):
    Image.fromarray(noise(48, 64, 3)).save(tmp_path / 'image.jpg')
    Image.new('L', size).save(tmp_path / 'mask.png')
    with pytest.raises(UserError, match=(
            rf'mask .*mask.png is {size[0]} x {size[1]} pixels, but its '
            r'image .*image.jpg is 64 x 48')):
        load(tmp_path / 'image.jpg', tmp_path / 'mask.png')


def test_other_keys_are_left_alone():
    check = TRANSFORMS.build(dict(type='CheckSample'))
    for results in (dict(img_path=None, ori_shape=(4, 5)),
                    dict(ori_shape=(4, 5)),
                    dict(ori_shape=(4, 5), gt_seg_map=np.zeros((4, 5)))):
        assert check(dict(results)).keys() == results.keys()
