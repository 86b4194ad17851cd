from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.registry import HOOKS
from mmseg.structures import SegDataSample
from mmseg.visualization import SegLocalVisualizer
from PIL import Image
from torch import nn

from mmseg_clipzs.visualization import grouping_sheet

CLASSES, PALETTE = ('cat', 'dog'), [[255, 0, 0], [0, 255, 0]]


class Model(nn.Module):

    def __init__(self):
        super().__init__()
        self.keep_groups = False


class Wrapper(nn.Module):

    def __init__(self, module):
        super().__init__()
        self.module = module


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for name in 'ab':
        Image.fromarray(rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)
                        ).save(tmp_path / f'{name}.png')
    return tmp_path


def output(path, seed=None):
    """A prediction; with a seed, two stages of groups as well."""
    sample = SegDataSample(
        metainfo=dict(img_path=str(path), ori_shape=(24, 32)),
        pred_sem_seg=PixelData(data=torch.arange(24 * 32).view(
            1, 24, 32) % 2))
    if seed is not None:
        sample.groups = PixelData(data=torch.randint(
            5, (2, 24, 32), generator=torch.Generator().manual_seed(seed)))
    return sample


def run(folder, outputs, draw=True, interval=1, model=None):
    visualizer = SegLocalVisualizer.get_instance(
        str(folder), vis_backends=[dict(type='LocalVisBackend')],
        save_dir=str(folder))
    visualizer.dataset_meta = dict(classes=CLASSES, palette=PALETTE)
    hook = HOOKS.build(dict(  # takes the latest visualizer
        type='GroupVisualizationHook', draw=draw, interval=interval))
    runner = SimpleNamespace(iter=1, model=model or Model())
    hook.before_test(runner)
    for i, sample in enumerate(outputs):
        hook.after_test_iter(runner, i, {}, [sample])
    return sorted(path.name.rpartition('_')[0]
                  for path in folder.glob('**/vis_image/*.png'))


def test_groups_beside_the_predictions(folder):
    samples = [output(folder / 'a.png', 0), output(folder / 'b.png', 1)]
    names = run(folder, samples)
    assert [name for name in names if 'groups' in name] == [
        'a_groups', 'b_groups'] and len(names) == 4
    for name, sample in zip('ab', samples):
        path, = folder.glob(f'**/{name}_groups*.png')
        with Image.open(folder / f'{name}.png') as image:
            want = grouping_sheet(
                np.asarray(image), sample.groups.data.numpy(),
                sample.pred_sem_seg.data[0].numpy(), CLASSES, PALETTE)
        with Image.open(path) as sheet:
            assert np.array_equal(np.asarray(sheet), want)


def test_results_without_groups(folder):
    assert len(run(folder, [output(folder / 'a.png')])) == 1


def test_interval(folder):
    outputs = [output(folder / f'{name}.png', 0) for name in 'abab']
    names = run(folder, outputs, interval=2)
    assert sum('groups' in name for name in names) == 1  # 'b', twice


@pytest.mark.parametrize('draw', [True, False])
@pytest.mark.parametrize('wrap', [lambda model: model, Wrapper])
def test_groups_are_kept_when_drawn(folder, draw, wrap):
    model = Model()
    assert run(folder, [], draw, model=wrap(model)) == []
    assert model.keep_groups is draw


def test_other_models_are_left_alone(folder):
    model = nn.Linear(1, 1)
    run(folder, [], model=model)
    assert not hasattr(model, 'keep_groups')
