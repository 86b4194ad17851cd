import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import HOOKS, TRANSFORMS
from torch import nn

from mmseg_clipzs.utils import UserError

CONFIGS = Path(__file__).parents[2] / 'configs'


def check(num_nouns=2, context_length=16, wrapped=False):
    """Run the hook on a model with two nouns and texts of 16 tokens."""
    model = nn.Module()
    model.num_nouns = 2
    model.text_backbone = nn.Module()
    model.text_backbone.positional_embedding = nn.Parameter(
        torch.zeros(16, 4))
    pipeline = SimpleNamespace(transforms=[
        TRANSFORMS.build(dict(type='mmseg.LoadPhoto')),
        TRANSFORMS.build(dict(
            type='mmseg.PackImageText', num_nouns=num_nouns, words='cat',
            context_length=context_length))])
    HOOKS.build(dict(type='mmseg.CheckTextsHook')).before_train(
        SimpleNamespace(
            model=nn.DataParallel(model) if wrapped else model,
            train_dataloader=SimpleNamespace(
                dataset=SimpleNamespace(pipeline=pipeline))))


@pytest.mark.parametrize('wrapped', [False, True])
def test_equal_settings_pass(wrapped):
    check(wrapped=wrapped)


@pytest.mark.parametrize('wrapped', [False, True])
@pytest.mark.parametrize('settings, message', [
    (dict(num_nouns=3),
     'PackImageText has num_nouns=3, but the model has num_nouns=2'),
    (dict(num_nouns=0), 'num_nouns=0, but the model has num_nouns=2'),
    (dict(context_length=77),
     'PackImageText has context_length=77, but the model has '
     'context_length=16'),
    (dict(context_length=8), 'context_length=8, but'),
])
def test_mismatch_is_found_before_training(settings, message, wrapped):
    with pytest.raises(UserError, match=re.escape(message)):
        check(**settings, wrapped=wrapped)


@pytest.mark.parametrize('path', sorted(
    CONFIGS.glob('groupvit_pretrain*.py')), ids=lambda path: path.stem)
def test_pretraining_configs_use_the_hook(path):
    hooks = Config.fromfile(path).custom_hooks
    assert 'CheckTextsHook' in [hook.type for hook in hooks]
