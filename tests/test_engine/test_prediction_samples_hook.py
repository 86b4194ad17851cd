from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.registry import HOOKS
from mmseg.structures import SegDataSample
from PIL import Image

from mmseg_clipzs.engine import PredictionSamplesHook, read_samples
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.visualization import class_palette


@pytest.fixture(scope='module')
def images(tmp_path_factory):
    """Seven images of 40 x 30 pixels and their arrays."""
    folder = tmp_path_factory.mktemp('images')
    rng = np.random.default_rng(0)
    arrays = {}
    for i in range(7):
        arrays[f'{folder}/{i}.png'] = rng.integers(
            0, 256, (30, 40, 3), dtype=np.uint8)
        Image.fromarray(arrays[f'{folder}/{i}.png']).save(
            folder / f'{i}.png')
    return arrays


class Dataset:

    def __init__(self, paths, **metainfo):
        self.paths = paths
        self.metainfo = dict(classes=('cat', 'dog'), **metainfo)

    def __len__(self):
        return len(self.paths)

    def get_data_info(self, i):
        return dict(img_path=self.paths[i])


def labels(seed):
    return torch.from_numpy(np.random.default_rng(seed).choice(
        [0, 1, 255], (1, 30, 40)))


def predict(images, path, batch=3, palette=None, **settings):
    """The file after a test whose i-th label maps have seeds i and 100 + i."""
    hook = HOOKS.build(dict(
        type='PredictionSamplesHook', path=path, **settings))
    dataset = Dataset(list(images), palette=palette)
    runner = SimpleNamespace(
        test_dataloader=SimpleNamespace(dataset=dataset))
    hook.before_test(runner)
    samples = [SegDataSample(
        metainfo=dict(img_path=img_path),
        gt_sem_seg=PixelData(data=labels(i)),
        pred_sem_seg=PixelData(data=labels(100 + i)))
        for i, img_path in enumerate(images)]
    for start in range(0, len(samples), batch):
        hook.after_test_iter(
            runner, start // batch, outputs=samples[start:start + batch])
    hook.after_test_epoch(runner)
    return read_samples(path)


@pytest.mark.parametrize('count, indices', [
    (1, [0]), (2, [0, 6]), (4, [0, 2, 4, 6]), (7, range(7)), (20, range(7))])
def test_evenly_spaced_images(images, tmp_path, count, indices):
    got = predict(images, tmp_path / 'new/samples.npz', count=count)
    assert got['names'] == [str(i) for i in indices]
    assert got['classes'] == ['cat', 'dog']
    assert got['palette'].tolist() == class_palette(['cat', 'dog'])
    for n, i in enumerate(indices):
        assert np.array_equal(got['image'][n], list(images.values())[i])
        assert np.array_equal(got['truth'][n], labels(i)[0])
        assert np.array_equal(got['prediction'][n], labels(100 + i)[0])


def test_palette_of_the_dataset(images, tmp_path):
    palette = [[1, 2, 3], [4, 5, 6]]
    got = predict(images, tmp_path / 's.npz', palette=palette)
    assert got['palette'].tolist() == palette


def test_thumbnails(images, tmp_path):
    """Label maps are downsampled without mixing labels."""
    got = predict(images, tmp_path / 's.npz', side=20)
    for arrays in (got['image'], got['truth'], got['prediction']):
        assert all(array.shape[:2] == (15, 20) for array in arrays)
    for array in got['truth'] + got['prediction']:
        assert set(np.unique(array)) == {0, 1, 255}


def test_name_of_version_0_1():
    assert HOOKS.get('SampleHook') is PredictionSamplesHook


@pytest.mark.parametrize('settings', [
    dict(count=0), dict(side=0), dict(count=-1)])
def test_bad_settings(settings):
    with pytest.raises(UserError, match='(count|side) must be a whole'):
        PredictionSamplesHook('s.npz', **settings)
