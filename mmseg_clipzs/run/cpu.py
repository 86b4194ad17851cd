"""What a run needs where there is no GPU."""
from contextlib import contextmanager

import torch
import torch.distributed


@contextmanager
def plain_attention_on_cpu():
    """Train without the fused attention, unless there is a GPU.

    On a CPU its backward pass is slower than the plain one's at the number of
    tokens that one trains with there.
    """
    fused = torch.backends.cuda.flash_sdp_enabled()  # also means the CPU's
    torch.backends.cuda.enable_flash_sdp(fused and torch.cuda.is_available())
    try:
        yield
    finally:
        torch.backends.cuda.enable_flash_sdp(fused)


def join_processes(launcher):
    """Join the processes that a launcher has started, once.

    mmengine asks for a GPU even where gloo joins them.

    Args:
        launcher (str): As for mmengine's runner; 'none' joins nothing.
    """
    if launcher == 'none' or torch.distributed.is_initialized():
        return
    if launcher == 'pytorch' and not torch.cuda.is_available():
        torch.distributed.init_process_group('gloo')
    else:
        from mmengine.dist import init_dist
        init_dist(launcher)


def fit_to_cpu(cfg):
    """Let the processes that torchrun has started run without a GPU.

    Synchronised batch norm has none but a GPU's implementation: each process
    then has its own statistics.

    Args:
        cfg (Config): With ``launcher``; changed in place.
    """
    if cfg.launcher != 'pytorch' or torch.cuda.is_available():
        return
    cfg.sync_bn = None
    join_processes(cfg.launcher)
    wrapper = cfg.get('model_wrapper_cfg') or dict(
        type='MMDistributedDataParallel', broadcast_buffers=False)
    if wrapper['type'] == 'MMDistributedDataParallel':
        cfg.model_wrapper_cfg = dict(wrapper, device_ids=None)
