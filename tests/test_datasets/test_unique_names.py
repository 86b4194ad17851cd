import numpy as np
import pytest
from mmengine.dataset import ConcatDataset
from mmseg.datasets import BaseSegDataset
from PIL import Image

from mmseg_clipzs.datasets import unique_names


@pytest.fixture
def dataset(tmp_path):
    """``dataset('a/1.jpg', ...)``: its images exist below ``img``."""
    def make(*images, root='root', suffix='.jpg'):
        for image in images:
            path = tmp_path / root / 'img' / image
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.zeros((2, 2), np.uint8)).save(path)
        return BaseSegDataset(
            data_root=str(tmp_path / root), img_suffix=suffix,
            data_prefix=dict(img_path='img'), metainfo=dict(classes=['x']))
    return make


@pytest.mark.parametrize('images, names', [
    (['1.jpg', '2.jpg'], ['1', '2']),
    (['a/1.jpg', 'b/2.jpg'], ['1', '2']),  # as mmseg names them
    (['a/1.jpg', 'b/1.jpg', 'c/2.jpg'], ['a/1', 'b/1', 'c/2']),
    (['a/x.1.jpg', 'b/x.1.jpg'], ['a/x.1', 'b/x.1']),
])
def test_paths_below_the_image_folder(images, names, dataset):
    assert list(unique_names(dataset(*images)).values()) == names


def test_several_suffixes(dataset):
    images = dataset('1.jpg', '1.png', '1.jpg.png', '2.png', suffix='')
    names = list(unique_names(images).values())
    assert names == ['1.jpg', '1.jpg.png', '1.png', '2']


def test_several_datasets(dataset):
    both = ConcatDataset([dataset('a/1.jpg'), dataset('a/1.jpg', root='b')])
    assert list(unique_names(both).values()) == ['0/a/1.jpg', '1/a/1.jpg']


def test_an_image_that_is_listed_twice(dataset):
    images = dataset('1.jpg')
    assert len(unique_names(ConcatDataset([images, images]))) == 1
