"""A student with synchronised batch norm in two processes without a GPU.

Run as a script, this file is one of the processes.
"""
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[2]
SYNC = dict(type='SyncBN', requires_grad=True)
OPTIONS = {
    'model.teacher.prompts': 'single',
    'model.student.backbone.base_channels': 8,
    'model.student.backbone.norm_cfg': SYNC,
    'model.student.decode_head.in_channels': 64,
    'model.student.decode_head.norm_cfg': SYNC,
    'model.student.auxiliary_head': [dict(
        type='FCNHead', in_channels=32, in_index=2, channels=8, num_convs=1,
        norm_cfg=SYNC)],
    'train_dataloader.batch_size': 2, 'train_cfg.max_iters': 2,
    'train_cfg.val_interval': 2}


def train(data, folder):
    """A short training; each process writes its weights and losses."""
    from mmengine.hooks import Hook
    from mmengine.runner import Runner

    from mmseg_clipzs.run.job import Job
    from mmseg_clipzs.run.train import run_train

    losses = []

    class Losses(Hook):

        def after_train_iter(self, runner, batch_idx, data_batch=None,
                             outputs=None):
            losses.append(float(outputs['loss']))

    torch.set_num_threads(1)
    init = Runner.__init__

    def with_losses(self, *args, **kwargs):
        init(self, *args, **kwargs)
        self.register_hook(Losses())

    Runner.__init__ = with_losses
    runner = run_train(
        Job('maskclip_plus_toy', options=OPTIONS, data_root=data),
        folder / 'work', launcher='pytorch')
    torch.save(dict(
        losses=losses, state=runner.model.module.state_dict()),
        folder / f'{os.environ["RANK"]}.pt')


@pytest.mark.slow
@pytest.mark.skipif(torch.cuda.is_available(), reason='needs no GPU')
def test_weights_and_statistics_are_equal(tmp_path):
    from mmseg_clipzs.toy.voc_layout import write_voc
    write_voc(str(tmp_path / 'toy'), train=5, val=3, size=32)
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        port = s.getsockname()[1]
    result = subprocess.run(
        [sys.executable, ROOT / 'tools/launch.py', '--nproc_per_node=2',
         '--master_addr=127.0.0.1', f'--master_port={port}', __file__,
         tmp_path / 'toy', tmp_path], capture_output=True, text=True,
        env=dict(os.environ, OMP_NUM_THREADS='1', PYTHONPATH=str(ROOT)))
    assert result.returncode == 0, result.stderr[-20000:]
    first, second = (torch.load(tmp_path / f'{i}.pt') for i in range(2))
    saved = torch.load(
        tmp_path / 'work/iter_2.pth', weights_only=False)['state_dict']
    assert len(first['losses']) == 2
    assert torch.tensor(first['losses'] + second['losses']).isfinite().all()
    assert first['losses'] != second['losses']  # other images
    assert set(first['state']) == set(second['state']) == set(saved)
    assert 'student.auxiliary_head.0.convs.0.bn.running_var' in saved
    for name, value in saved.items():
        assert torch.equal(value, first['state'][name]), name
        assert torch.equal(value, second['state'][name]), name


if __name__ == '__main__':
    train(sys.argv[1], Path(sys.argv[2]))
