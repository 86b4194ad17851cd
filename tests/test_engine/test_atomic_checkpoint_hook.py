"""Checkpoints of a training that is killed while it writes one."""
import os
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import CheckpointHook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn

from mmseg_clipzs.checkpoints import load_checkpoint_file
from mmseg_clipzs.run.interruption import write_whole_checkpoints
from mmseg_clipzs.utils import UserError, files
from mmseg_clipzs.utils.temporary import PREFIX

pytestmark = pytest.mark.usefixtures('one_thread')


class Line(BaseModel):
    """A line through one point."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(3))

    def forward(self, inputs, mode='loss'):
        return dict(loss=(self.weight.sum() - 1).square())


def train(folder, resume=False, **options):
    """Six iterations, with a checkpoint after each."""
    cfg = Config(dict(default_hooks=dict(checkpoint=dict(
        type='CheckpointHook', by_epoch=False, interval=1, **options))))
    write_whole_checkpoints(cfg)
    Runner(
        Line(), str(folder), train_dataloader=dict(
            dataset=list(range(8)), sampler=dict(
                type='DefaultSampler', shuffle=False), batch_size=1),
        train_cfg=dict(by_epoch=False, max_iters=6),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=.05, momentum=.9)),
        default_hooks=cfg.default_hooks, resume=resume, log_level='ERROR',
        experiment_name=str(folder), default_scope='mmseg').train()


def names(folder):
    """Without the copy of the config."""
    return sorted(path.name for path in folder.iterdir()
                  if path.is_file() and path.suffix != '.py')


def weights(path):
    return load_checkpoint_file(path)['state_dict']['weight']


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp('whole')
    train(folder, max_keep_ckpts=2)
    return folder


def test_the_same_files_as_mmengines_hook(whole, tmp_path, monkeypatch):
    assert names(whole) == ['iter_5.pth', 'iter_6.pth', 'last_checkpoint']
    monkeypatch.setattr(
        f'{__name__}.write_whole_checkpoints', lambda cfg: None)
    train(tmp_path, max_keep_ckpts=2)
    assert names(tmp_path) == names(whole)
    for name in names(whole)[:2]:
        assert weights(tmp_path / name).equal(weights(whole / name))
        one, other = (load_checkpoint_file(folder / name)['message_hub'][
            'runtime_info']['keep_ckpt_ids'] for folder in (whole, tmp_path))
        assert one == other
    assert (whole / 'last_checkpoint').read_text() == (
        f'{whole}/iter_6.pth')


@pytest.mark.parametrize('keep', [1, 2])
@pytest.mark.parametrize('name', ['.pth', ''])
@pytest.mark.parametrize('moment', ['before', 'half', 'after'])
def test_killed_while_writing(name, moment, keep, whole, tmp_path):
    """The marker names a whole checkpoint, and nothing half written stays."""
    child = os.fork()
    if not child:
        _die(name, moment, 3)
        try:
            train(tmp_path, max_keep_ckpts=keep)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    last = Path((tmp_path / 'last_checkpoint').read_text())
    assert weights(last).equal(weights(last)) and last.name in (
        'iter_2.pth', 'iter_3.pth')
    train(tmp_path, resume=True, max_keep_ckpts=keep)
    assert weights(tmp_path / 'iter_6.pth').equal(
        weights(whole / 'iter_6.pth'))
    found = names(tmp_path)
    assert not any(name.startswith(PREFIX) for name in found)
    # A removal that did not happen may leave one more.
    assert len(found) <= keep + 2


def _die(suffix, moment, write):
    """End this process within a write of a file with this suffix."""
    count = []
    replace = os.replace

    def dying(source, target):
        if Path(target).suffix == suffix:
            count.append(target)
        if len(count) == write:
            if moment == 'half':
                os.truncate(source, os.path.getsize(source) // 2)
            elif moment == 'after':
                replace(source, target)
            os._exit(9)
        replace(source, target)

    files.os.replace = dying


def test_no_space_left(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, 'write_bytes', _full)
    with pytest.raises(UserError, match='iter_1.pth cannot be written.*space'):
        train(tmp_path)
    assert not names(tmp_path)


def _full(path, content):
    raise OSError(28, 'No space left on device')


@pytest.mark.parametrize('hooks, kind', [
    ({}, 'AtomicCheckpointHook'),
    (dict(checkpoint=dict(type='CheckpointHook')), 'AtomicCheckpointHook'),
    (dict(checkpoint=dict(type=CheckpointHook)), 'AtomicCheckpointHook'),
    (dict(checkpoint=dict(type='MyHook')), 'MyHook')])
def test_hooks_that_are_replaced(hooks, kind):
    cfg = Config(dict(default_hooks=hooks))
    write_whole_checkpoints(cfg)
    assert cfg.default_hooks.checkpoint.type == kind
