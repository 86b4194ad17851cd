"""Runs without a GPU."""
import pytest
import torch
from mmengine.config import Config

from mmseg_clipzs.run import cpu
from mmseg_clipzs.run.cpu import fit_to_cpu, plain_attention_on_cpu


@pytest.fixture
def no_gpu(monkeypatch):
    """A machine without a GPU; lists the joined launchers."""
    joined = []
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr(cpu, 'join_processes', joined.append)
    return joined


def test_attention_during_training(no_gpu):
    before = torch.backends.cuda.flash_sdp_enabled()
    with pytest.raises(RuntimeError), plain_attention_on_cpu():
        assert not torch.backends.cuda.flash_sdp_enabled()
        raise RuntimeError
    assert torch.backends.cuda.flash_sdp_enabled() == before


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
