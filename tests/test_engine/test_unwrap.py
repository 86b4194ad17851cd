import pytest
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from torch import nn
from torch.nn.parallel import DataParallel

from mmseg_clipzs.engine.unwrap import unwrap


class Model(nn.Module):
    answer = 42


@pytest.mark.parametrize('depth', [0, 1, 2])
def test_finds_the_module_inside_wrappers(depth):
    model = wrapped = Model()
    for _ in range(depth):
        wrapped = DataParallel(wrapped)
    assert unwrap(wrapped, 'answer') is model


def test_tta(zero_shot):
    init_default_scope('mmseg')
    model = zero_shot()
    tta = MODELS.build(dict(type='SegTTAModel', module=model))
    assert unwrap(tta, 'set_vocabulary') is model


@pytest.mark.parametrize('model', [nn.Linear(1, 1), DataParallel(Model())])
def test_none_has_it(model):
    assert unwrap(model, 'set_vocabulary') is None
