"""Learning rate by the global batch, on 1, 2 and 4 processes."""
import json
import os
import socket
from pathlib import Path

import pytest
import torch
import torch.multiprocessing
from mmengine.config import Config
from mmengine.model import BaseModel
from mmseg.registry import DATASETS, MODELS, RUNNERS
from torch.utils.data import Dataset

from mmseg_clipzs.run.cpu import fit_to_cpu
from mmseg_clipzs.utils import UserError

ITERATIONS = 8
SCHEDULES = {
    'poly': [dict(type='PolyLR', eta_min=1e-3, power=0.9, by_epoch=False)],
    'cosine': [
        dict(type='LinearLR', start_factor=.1, end=3, by_epoch=False),
        dict(type='CosineAnnealingLR', eta_min_ratio=.01, begin=3,
             by_epoch=False)]}


@DATASETS.register_module()
class Numbers(Dataset):
    def __len__(self):
        return 64

    def __getitem__(self, i):
        return dict(inputs=torch.full((2, ), i / 64))


@MODELS.register_module()
class OneWeight(BaseModel):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.layer = torch.nn.Linear(2, 1)

    def forward(self, inputs, mode='tensor'):
        return dict(loss=self.layer(torch.stack(inputs)).square().mean())


def config(folder, schedule='poly', batch=2, accumulated=1, **scale):
    return Config(dict(
        runner_type='GlobalBatchRunner', default_scope='mmseg',
        work_dir=str(folder), launcher='none',
        experiment_name=str(folder).replace('/', '_'),
        model=dict(type='OneWeight'),
        train_dataloader=dict(
            batch_size=batch, num_workers=0, dataset=dict(type='Numbers'),
            collate_fn=dict(type='pseudo_collate'),
            sampler=dict(type='InfiniteSampler')),
        optim_wrapper=dict(
            optimizer=dict(type='SGD', lr=.1), clip_grad=None,
            accumulative_counts=accumulated,
            paramwise_cfg=dict(bias_lr_mult=2.)),
        auto_scale_lr=dict(dict(base_batch_size=8, enable=True), **scale),
        param_scheduler=SCHEDULES[schedule],
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=ITERATIONS),
        default_hooks=dict(logger=dict(
            type='LoggerHook', interval=1, log_metric_by_epoch=False)),
        log_processor=dict(by_epoch=False, window_size=1)))


def train(cfg):
    """Log line and learning rate of each iteration."""
    torch.manual_seed(0)
    RUNNERS.build(cfg).train()
    folder = Path(cfg.work_dir)
    line, = [line for line in next(folder.glob('*/*.log')).read_text(
        ).splitlines() if 'Global batch' in line]
    rows = next(folder.glob('*/vis_data/scalars.json')).read_text()
    return line.partition('Global batch: ')[2], [
        json.loads(row)['lr'] for row in rows.splitlines()]


def process(rank, processes, port, cfg):
    os.environ.update(
        RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(processes),
        MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port))
    torch.set_num_threads(1)
    cfg.launcher = 'pytorch'
    fit_to_cpu(cfg)
    RUNNERS.build(cfg).train()


@pytest.mark.parametrize('processes, batch, accumulated, change', [
    (1, 2, 1, '2; the recipe\'s is 8: learning rate scaled from 0.1 to '
              '0.025'),
    (1, 8, 1, '8; the recipe\'s: learning rate 0.1, unchanged'),
    (1, 2, 4, '8; the recipe\'s: learning rate 0.1, unchanged'),
    (2, 2, 1, '4; the recipe\'s is 8: learning rate scaled from 0.1 to 0.05'),
    (2, 2, 2, '8; the recipe\'s: learning rate 0.1, unchanged'),
    (4, 2, 1, '8; the recipe\'s: learning rate 0.1, unchanged'),
    (4, 4, 1, '16; the recipe\'s is 8: learning rate scaled from 0.1 to 0.2'),
])
def test_batch_and_learning_rate(
        processes, batch, accumulated, change, tmp_path, one_thread):
    cfg = config(tmp_path / 'run', batch=batch, accumulated=accumulated)
    if processes == 1:
        line, lrs = train(cfg)
    else:
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            port = free.getsockname()[1]
        torch.multiprocessing.start_processes(
            process, (processes, port, cfg), processes, start_method='fork')
        line, = [line.partition('Global batch: ')[2] for path in sorted(
            (tmp_path / 'run').glob('*/*.log'))[:1]
            for line in path.read_text().splitlines() if 'Global b' in line]
    assert line == (f'{batch} samples x {processes} process(es) x '
                    f'{accumulated} accumulated = {change}.')


@pytest.mark.parametrize('schedule', SCHEDULES)
def test_the_whole_curve_is_scaled(schedule, tmp_path):
    """Also ``eta_min``, and groups with a multiplier."""
    _, wanted = train(config(tmp_path / 'one', schedule, batch=8))
    _, lrs = train(config(tmp_path / 'two', schedule, batch=2))
    assert len(wanted) == ITERATIONS and max(wanted) == pytest.approx(.1)
    assert lrs == pytest.approx([lr / 4 for lr in wanted])


def test_parameter_groups_keep_their_ratio(tmp_path):
    cfg = config(tmp_path, batch=4)
    cfg.param_scheduler = None
    runner = RUNNERS.build(cfg)
    runner.train()
    groups = runner.optim_wrapper.optimizer.param_groups
    assert {group['lr'] for group in groups} == {.05, .1}
    assert runner.cfg.optim_wrapper.optimizer.lr == .1  # what is dumped


def test_not_enabled_is_said(tmp_path):
    line, lrs = train(config(tmp_path, enable=False))
    assert line.endswith('= 2; the recipe\'s is 8: learning rate 0.1, not '
                         'scaled (auto_scale_lr.enable=False).')
    assert lrs[0] == .1


@pytest.mark.parametrize('base', [None, 0, 2.5])
def test_bad_input(base, tmp_path):
    with pytest.raises(UserError, match=f'base_batch_size.*{base}'):
        train(config(tmp_path, base_batch_size=base))
