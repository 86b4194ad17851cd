"""Runs without a GPU."""
import pytest
import torch
from mmengine.config import Config

from mmseg_clipzs.run import cpu
from mmseg_clipzs.run.cpu import fit_to_cpu
from mmseg_clipzs.utils import UserError


@pytest.fixture
def no_gpu(monkeypatch):
    """A machine without a GPU; lists the joined launchers."""
    joined = []
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr(cpu, 'join_processes', joined.append)
    return joined


@pytest.mark.parametrize('wrapper, expected', [
    (None, dict(type='MMDistributedDataParallel', broadcast_buffers=False,
                device_ids=None)),
    (dict(type='MMDistributedDataParallel', find_unused_parameters=True),
     dict(type='MMDistributedDataParallel', find_unused_parameters=True,
          device_ids=None)),
    (dict(type='MMSeparateDistributedDataParallel'),
     dict(type='MMSeparateDistributedDataParallel'))])
def test_processes_without_a_gpu(wrapper, expected, no_gpu):
    cfg = Config(dict(launcher='pytorch', sync_bn='torch',
                      model_wrapper_cfg=wrapper))
    fit_to_cpu(cfg)
    assert cfg.sync_bn is None and no_gpu == ['pytorch']
    assert cfg.model_wrapper_cfg.to_dict() == expected


def test_one_process_is_left_alone(no_gpu):
    cfg = Config(dict(launcher='none', sync_bn='torch'))
    fit_to_cpu(cfg)
    assert cfg.to_dict() == dict(launcher='none', sync_bn='torch')
    assert not no_gpu


def synchronised(kind):
    """A model's config with batch norm in many places."""
    return dict(
        type='MaskClipPlus', student=dict(
            backbone=dict(norm_cfg=dict(type=kind, requires_grad=True)),
            neck=dict(layers=[dict(norm_cfg=dict(type=kind))]),
            decode_head=dict(norm_cfg=dict(type='GN', num_groups=2)),
            auxiliary_head=[dict(norm_cfg=dict(type=kind)),
                            dict(norm_cfg=dict(type=kind))]))


@pytest.mark.parametrize('kind', [
    'SyncBN', 'MMSyncBN', 'naiveSyncBN', 'mmcv.SyncBN',
    torch.nn.SyncBatchNorm])
def test_synchronised_batch_norm(kind, no_gpu, log):
    cfg = Config(dict(launcher='pytorch', model=synchronised(kind)))
    fit_to_cpu(cfg)
    assert cfg.model.to_dict() == synchronised('BN')
    assert 'Synchronised batch norm needs a GPU' in log[-1]


def test_one_process_keeps_synchronised_batch_norm(no_gpu, log):
    cfg = Config(dict(launcher='none', model=synchronised('SyncBN')))
    fit_to_cpu(cfg)
    assert cfg.model.to_dict() == synchronised('SyncBN') and not log


def test_parameters_that_are_not_used(no_gpu):
    """mmengine reads the option only without model_wrapper_cfg."""
    cfg = Config(dict(launcher='pytorch', find_unused_parameters=True,
                      model_wrapper_cfg=dict(broadcast_buffers=False)))
    fit_to_cpu(cfg)
    assert cfg.model_wrapper_cfg.to_dict() == dict(
        type='MMDistributedDataParallel', broadcast_buffers=False,
        find_unused_parameters=True, device_ids=None)


@pytest.mark.parametrize('launcher, command', [
    ('pytorch', 'torchrun'), ('slurm', 'srun'), ('mpi', 'mpirun')])
@pytest.mark.parametrize('gpu', [False, True])
def test_a_launcher_that_did_not_start_this_process(
        launcher, command, gpu, monkeypatch):
    for name in ('RANK', 'SLURM_PROCID', 'OMPI_COMM_WORLD_RANK'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: gpu)
    with pytest.raises(UserError, match=f'processes that {command}'):
        fit_to_cpu(Config(dict(launcher=launcher)))
