"""Ctrl-C and SIGTERM during training, and what goes on after them."""
import runpy
import signal
import sys
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from mmseg_clipzs.checkpoints import load_checkpoint_file
from mmseg_clipzs.run.interruption import interruptible
from mmseg_clipzs.run.job import Job
from mmseg_clipzs.run.train import run_train
from mmseg_clipzs.toy.voc_layout import write_voc
from mmseg_clipzs.utils import UserError

pytestmark = pytest.mark.usefixtures('one_thread')

ROOT = Path(__file__).parents[2]
OPTIONS = {
    'model.student.backbone.base_channels': 8,
    'model.student.decode_head.in_channels': 64,
    'model.student.decode_head.dropout_ratio': 0.3,
    'model.teacher.prompts': 'single', 'log_level': 'ERROR',
    'train_dataloader.batch_size': 2, 'train_cfg.max_iters': 6,
    'train_cfg.val_interval': 100, 'default_hooks.checkpoint.interval': 2}


@HOOKS.register_module()
class SendSignal(Hook):
    """Send signals to this process in one iteration, counted from 1."""

    def __init__(self, numbers, iteration):
        self.numbers, self.iteration = numbers, iteration

    def after_train_iter(self, runner, batch_idx, data_batch=None,
                         outputs=None):
        if runner.iter + 1 == self.iteration:
            for number in self.numbers:
                signal.raise_signal(number)


@pytest.fixture(autouse=True)
def handlers():
    """The usual ones; a background process may ignore Ctrl-C."""
    old = {number: signal.signal(number, usual) for number, usual in (
        (signal.SIGINT, signal.default_int_handler),
        (signal.SIGTERM, signal.SIG_DFL))}
    yield
    for number, usual in ((signal.SIGINT, signal.default_int_handler),
                          (signal.SIGTERM, signal.SIG_DFL)):
        assert signal.getsignal(number) == usual
        signal.signal(number, old[number])


@pytest.fixture(scope='module')
def scenes(tmp_path_factory):
    root = tmp_path_factory.mktemp('data') / 'toy'
    write_voc(str(root), train=6, val=1, size=64, seed=3)
    return str(root)


@pytest.fixture
def train(scenes):
    """Train six iterations, with a signal in one of them."""
    def run(work_dir, numbers=(), iteration=0, **settings):
        job = Job('maskclip_plus_toy', data_root=scenes, options=OPTIONS)
        if numbers:
            cfg = job.load(train=True)
            cfg.custom_hooks.append(dict(
                type='SendSignal', numbers=numbers, iteration=iteration))
            job = Job(cfg)
        return run_train(job, work_dir, **settings)

    return run


def weights(folder):
    return load_checkpoint_file(folder / 'iter_6.pth')['state_dict']


def test_resumed_is_uninterrupted(train, tmp_path):
    """Bitwise, with dropout and augmentation, after two interruptions.

    The iteration is finished, unless a second signal follows.
    """
    train(tmp_path / 'whole')
    cut = tmp_path / 'cut'
    with pytest.raises(KeyboardInterrupt) as info:
        train(cut, [signal.SIGINT], 3)
    assert str(info.value) == (
        f'Interrupted at iteration 3; last checkpoint {cut}/iter_2.pth; go on '
        'with --resume.')
    with pytest.raises(KeyboardInterrupt, match=(
            f'at iteration 4; last checkpoint {cut}/iter_4.pth; go on with '
            '--resume')):
        train(cut, [signal.SIGTERM, signal.SIGINT], 5, resume=True)
    assert not (cut / 'iter_6.pth').exists()
    train(cut, resume=True)
    got = weights(cut)
    for key, value in weights(tmp_path / 'whole').items():
        assert torch.equal(got[key], value), key


def test_nothing_of_this_run(train, tmp_path):
    """Checkpoints of an earlier run in the folder are not this run's."""
    with pytest.raises(KeyboardInterrupt, match='iter_2.pth'):
        train(tmp_path, [signal.SIGINT], 2)
    with pytest.raises(KeyboardInterrupt, match=(
            'iteration 1; nothing was saved: the same command starts again')):
        train(tmp_path, [signal.SIGINT], 1)
    with pytest.raises(KeyboardInterrupt, match='3; last checkpoint .*iter_2'):
        train(tmp_path, [signal.SIGINT], 3, resume=True)


def test_while_the_model_is_built(train, tmp_path, monkeypatch):
    def interrupted(cfg):
        raise KeyboardInterrupt

    monkeypatch.setattr(Runner, 'from_cfg', interrupted)
    with pytest.raises(KeyboardInterrupt, match='iteration 0; nothing was'):
        train(tmp_path)


def test_a_worker_ends_first():
    """Its error may arrive before the main process's own."""
    with pytest.raises(KeyboardInterrupt, match='next step'):
        with interruptible(lambda iteration: 'next step'):
            try:
                signal.raise_signal(signal.SIGINT)
            except KeyboardInterrupt:
                raise RuntimeError('DataLoader worker exited') from None


def test_other_errors_and_handlers_are_left_alone():
    with pytest.raises(RuntimeError, match='own'):
        with interruptible(lambda iteration: 'next step'):
            raise RuntimeError('own')
    seen = []
    signal.signal(signal.SIGTERM, lambda *args: seen.append(args[0]))
    with interruptible(lambda iteration: 'next step'):
        signal.raise_signal(signal.SIGTERM)
    assert seen == [signal.SIGTERM]
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


@pytest.mark.parametrize('content, named', [
    ('', 'none'), ('gone/iter_2.pth', 'gone/iter_2.pth')])
def test_a_damaged_marker(content, named, train, tmp_path):
    (tmp_path / 'last_checkpoint').write_text(content)
    with pytest.raises(UserError, match=f'last_checkpoint names {named}'):
        train(tmp_path, resume=True)


def test_the_tool(scenes, tmp_path, monkeypatch, capfd):
    """One line, exit code 130, no traceback."""
    config = tmp_path / 'mine.py'
    config.write_text(
        f"_base_ = '{ROOT}/configs/maskclip_plus_toy.py'\n"
        "custom_hooks = [dict(type='SendSignal', numbers=[2], iteration=1)]\n")
    monkeypatch.setattr(sys, 'argv', [
        'train.py', str(config), '--data-root', scenes, '--work-dir',
        str(tmp_path / 'out'), '--cfg-options',
        *(f'{key}={value}' for key, value in OPTIONS.items())])
    with pytest.raises(SystemExit) as info:
        runpy.run_path(str(ROOT / 'tools/train.py'), run_name='__main__')
    assert info.value.code == 130
    said = capfd.readouterr()
    assert said.err.splitlines()[-1].startswith(
        'Interrupted at iteration 1; nothing was saved')
    assert 'Traceback' not in said.out + said.err
