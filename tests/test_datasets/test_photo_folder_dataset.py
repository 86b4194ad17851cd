import numpy as np
import pytest
from image_files import noise
from mmseg.registry import DATASETS
from PIL import Image

from mmseg_clipzs.utils import UserError


def build(root, **options):
    return DATASETS.build(dict(
        type='PhotoFolderDataset', data_root=str(root),
        pipeline=[dict(type='LoadPhoto'), dict(type='PackSegInputs')],
        metainfo=dict(classes=('cat', 'sky')), **options))


def test_all_images_below_the_folder(tmp_path):
    pixels = {}
    for i, name in enumerate(('b.png', 'a.png', 'sub/c.png')):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        pixels[name] = noise(5 + i, 7, 3, seed=i)
        Image.fromarray(pixels[name]).save(tmp_path / name)
    (tmp_path / 'note.txt').touch()
    dataset = build(tmp_path)
    assert len(dataset) == 3
    for sample, name in zip(
            (dataset[i] for i in range(3)), ('a.png', 'b.png', 'sub/c.png')):
        assert sample['data_samples'].img_path == str(tmp_path / name)
        rgb = sample['inputs'].numpy()[::-1].transpose(1, 2, 0)
        np.testing.assert_array_equal(rgb, pixels[name])
        assert 'gt_sem_seg' not in sample['data_samples']
    assert dataset.metainfo['classes'] == ('cat', 'sky')


def test_a_folder_without_images(tmp_path):
    (tmp_path / 'note.txt').touch()
    with pytest.raises(UserError, match=f'No images in {tmp_path}'):
        build(tmp_path)
