import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset, ConcatDataset, RepeatDataset
from mmengine.registry import HOOKS, MODELS
from small_groupvit import small_groupvit
from torch import nn

from mmseg_clipzs.utils import UserError

CONFIGS = Path(__file__).parents[2] / 'configs'


class Pairs(BaseDataset):
    """Two samples, which are never loaded."""

    def load_data_list(self):
        return [dict(img_path='a'), dict(img_path='b')]


def pairs(num_nouns=2, context_length=16):
    return Pairs(pipeline=[
        dict(type='mmseg.LoadPhoto'),
        dict(type='mmseg.PackImageText', num_nouns=num_nouns, words='cat',
             context_length=context_length)])


@pytest.fixture(scope='module')
def contrastive_model():
    """A model with two nouns and texts of 16 tokens."""
    return small_groupvit(num_nouns=2, text_backbone=dict(
        type='TextTransformer', embed_dims=64, depth=1, context_length=16))


def tta(model):
    return MODELS.build(dict(type='mmseg.SegTTAModel', module=model))


def check(dataset, model):
    HOOKS.build(dict(type='mmseg.CheckTextsHook')).before_train(
        SimpleNamespace(
            model=model, train_dataloader=SimpleNamespace(dataset=dataset)))


DATASETS = {
    'plain': lambda *data: data[-1],
    'ConcatDataset': lambda *data: ConcatDataset(list(data)),
    'RepeatDataset': lambda *data: RepeatDataset(data[-1], times=3),
    'nested': lambda first, last: torch.utils.data.ConcatDataset(
        [first, RepeatDataset(last, times=2)]),
}
WRAPPERS = {
    'plain': lambda model: model,
    'parallel': nn.DataParallel,
    'TTA': tta,
    'parallel TTA': lambda model: nn.DataParallel(tta(model)),
}


@pytest.mark.parametrize('dataset', DATASETS)
@pytest.mark.parametrize('wrapper', WRAPPERS)
def test_equal_settings_pass(contrastive_model, dataset, wrapper):
    check(DATASETS[dataset](pairs(), pairs()),
          WRAPPERS[wrapper](contrastive_model))


@pytest.mark.parametrize('dataset', DATASETS)
@pytest.mark.parametrize('wrapper', WRAPPERS)
@pytest.mark.parametrize('settings, message', [
    (dict(num_nouns=3),
     'PackImageText has num_nouns=3, but the model has num_nouns=2'),
    (dict(num_nouns=0), 'num_nouns=0, but the model has num_nouns=2'),
    (dict(context_length=77),
     'PackImageText has context_length=77, but the model has '
     'context_length=16'),
    (dict(context_length=8), 'context_length=8, but'),
])
def test_mismatch_is_found_before_training(contrastive_model, settings,
                                           message, dataset, wrapper):
    # The last of two datasets differs.
    data = DATASETS[dataset](pairs(), pairs(**settings))
    with pytest.raises(UserError, match=re.escape(message)):
        check(data, WRAPPERS[wrapper](contrastive_model))


def test_other_models_and_datasets_are_left_alone(contrastive_model):
    check(pairs(num_nouns=3), nn.Linear(1, 1))
    check(pairs(num_nouns=3), nn.DataParallel(nn.Linear(1, 1)))
    other = Pairs(pipeline=[dict(type='mmseg.LoadPhoto')])
    check(other, contrastive_model)
    check(torch.utils.data.TensorDataset(torch.zeros(1)), contrastive_model)


@pytest.mark.parametrize('path', sorted(
    CONFIGS.glob('groupvit_pretrain*.py')), ids=lambda path: path.stem)
def test_pretraining_configs_use_the_hook(path):
    hooks = Config.fromfile(path).custom_hooks
    assert 'CheckTextsHook' in [hook.type for hook in hooks]
