"""Runs on machines without a GPU."""
from contextlib import contextmanager

import torch
import torch.distributed


@contextmanager
def plain_attention_on_cpu():
    """Disable fused attention unless a GPU is available.

    On a CPU its backward pass is slower than that of plain attention for a few
    hundred tokens.
    """
    fused = torch.backends.cuda.flash_sdp_enabled()  # applies to CPUs, too
    torch.backends.cuda.enable_flash_sdp(fused and torch.cuda.is_available())
    try:
        yield
    finally:
        torch.backends.cuda.enable_flash_sdp(fused)


def join_processes(launcher):
    """Initialise the process group of a launcher, once.

    mmengine requires a GPU even for gloo.

    Args:
        launcher (str): As for mmengine's runner; 'none' does nothing.
    """
    if launcher == 'none' or torch.distributed.is_initialized():
        return
    if launcher == 'pytorch' and not torch.cuda.is_available():
        torch.distributed.init_process_group('gloo')
    else:
        from mmengine.dist import init_dist
        init_dist(launcher)


def fit_to_cpu(cfg):
    """Let torchrun's processes run without a GPU.

    Synchronised batch norm needs a GPU; without one each process has its own
    statistics.

    Args:
        cfg (Config): With ``launcher``; modified in place.
    """
    if cfg.launcher != 'pytorch' or torch.cuda.is_available():
        return
    cfg.sync_bn = None
    join_processes(cfg.launcher)
    wrapper = cfg.get('model_wrapper_cfg') or dict(
        type='MMDistributedDataParallel', broadcast_buffers=False)
    if wrapper['type'] == 'MMDistributedDataParallel':
        cfg.model_wrapper_cfg = dict(wrapper, device_ids=None)
