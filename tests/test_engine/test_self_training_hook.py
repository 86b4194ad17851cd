"""The first iteration of self-training."""
from types import SimpleNamespace

import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch import nn

from mmseg_clipzs.engine import SelfTrainingHook
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')


class Model(BaseModel):
    """Records the iterations with self-training."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 1)
        self.self_training = False
        self.trained = []

    def forward(self, inputs, mode):
        self.trained.append(self.self_training)
        return dict(loss=self.layer(inputs).sum())


def train(folder, train_cfg, begin=None, resume=False, model=None):
    """A run of mmengine over eight samples in batches of two."""
    model = model or Model()
    # mmengine caches runners by name.
    Runner(
        model, str(folder), experiment_name=f'{folder.name}_{id(model)}',
        train_dataloader=dict(
            dataset=[torch.ones(2)] * 8, batch_size=2,
            sampler=dict(type='DefaultSampler', shuffle=False),
            collate_fn=collate),
        train_cfg=train_cfg, resume=resume, log_level='ERROR',
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
        default_hooks=dict(
            logger=None, checkpoint=dict(
                type='CheckpointHook', interval=2, by_epoch=False)),
        custom_hooks=[dict(type='SelfTrainingHook', begin=begin)],
        default_scope='mmseg').train()
    return model.trained


def collate(samples):
    return dict(inputs=torch.stack(samples))


ITERATIONS = dict(type='IterBasedTrainLoop', max_iters=24)
EPOCHS = dict(type='EpochBasedTrainLoop', max_epochs=6)  # of 4 iterations


@pytest.mark.parametrize('train_cfg, begin, first', [
    (ITERATIONS, None, 2), (ITERATIONS, 5, 5), (EPOCHS, None, 2)])
def test_first_iteration(tmp_path, train_cfg, begin, first):
    """By default the last of a tenth of 24 iterations, rounded up."""
    trained = train(tmp_path, train_cfg, begin)
    assert trained == [False] * first + [True] * (24 - first)


@pytest.mark.parametrize('length, first', [
    (1, 1), (6, 1), (10, 1), (1200, 119), (20000, 1999), (40000, 3999),
    (80000, 7999)])
def test_a_tenth(length, first):
    """The authors guide 1,999 of 20,000 iterations, 3,999 of 40,000, ..."""
    model = Model()
    runner = SimpleNamespace(
        model=model, train_loop=SimpleNamespace(max_iters=length),
        logger=MMLogger.get_current_instance())
    hook = HOOKS.build(dict(type='SelfTrainingHook'))
    hook.before_train(runner)
    for runner.iter, want in ((first - 1, False), (first, True)):
        hook.before_train_iter(runner, 0)
        assert model.self_training is want


@pytest.mark.parametrize('stop', [2, 6])
@pytest.mark.slow
def test_resumed_runs_switch_where_uninterrupted_ones_do(tmp_path, stop):
    """Interrupted right before the switch, and after it."""
    length = dict(type='IterBasedTrainLoop', max_iters=24)

    class Stop(Model):
        def forward(self, inputs, mode):
            if len(self.trained) == stop:
                raise KeyboardInterrupt
            return super().forward(inputs, mode)

    model = Stop()
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, length, model=model)
    resumed = train(tmp_path, length, resume=True)
    assert len(resumed) == 24 - stop
    assert model.trained + resumed == [False] * 2 + [True] * 22


@pytest.mark.parametrize('begin', [-1, 1.5, '3'])
def test_bad_begin(begin):
    with pytest.raises(UserError, match='begin must be a whole number'):
        SelfTrainingHook(begin)


def test_other_models():
    runner = SimpleNamespace(model=nn.Linear(1, 1))
    with pytest.raises(UserError, match='MaskClipPlus model, but got Linear'):
        SelfTrainingHook().before_train(runner)


def test_loops_without_a_length():
    runner = SimpleNamespace(model=Model(), train_loop=SimpleNamespace())
    with pytest.raises(UserError, match='no max_iters.*set begin='):
        SelfTrainingHook().before_train(runner)
    SelfTrainingHook(3).before_train(runner)
