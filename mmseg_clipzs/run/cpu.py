"""Runs on machines without a GPU."""
import inspect
import logging
import os
import subprocess

import torch
import torch.distributed
from mmengine.logging import print_log

from mmseg_clipzs.engine import AverageStatisticsHook

from .launchers import LAUNCHERS, check_launcher

_SYNCHRONISED = ('syncbn', 'mmsyncbn', 'naivesyncbn', 'syncbatchnorm')


def join_processes(launcher):
    """Initialise the process group of a launcher, once.

    mmengine requires a GPU even for gloo.

    Args:
        launcher (str): As for mmengine's runner; 'none' does nothing.

    Raises:
        UserError: The launcher did not start this process.
    """
    if launcher == 'none' or torch.distributed.is_initialized():
        return
    check_launcher(launcher)
    if torch.cuda.is_available():
        from mmengine.dist import init_dist
        init_dist(launcher)
        return
    for name, own in LAUNCHERS[launcher][1].items():
        os.environ[name] = os.environ[own]
    if launcher == 'slurm' and 'MASTER_ADDR' not in os.environ:
        os.environ['MASTER_ADDR'] = subprocess.run(
            ['scontrol', 'show', 'hostname', os.environ['SLURM_NODELIST']],
            check=True, capture_output=True, text=True).stdout.split()[0]
    os.environ.setdefault('MASTER_ADDR', '127.0.0.1')
    os.environ.setdefault('MASTER_PORT', '29500')
    torch.distributed.init_process_group('gloo')


def fit_to_cpu(cfg):
    """Let a launcher's processes run without a GPU.

    Synchronised batch norm needs a GPU; without one each process normalises
    its own part of a batch. Checkpoints keep their keys.

    Args:
        cfg (Config): With ``launcher``; modified in place.

    Raises:
        UserError: The launcher did not start this process.
    """
    if cfg.launcher == 'none':
        return
    wrapper = cfg.get('model_wrapper_cfg') or dict(broadcast_buffers=False)
    wrapper.setdefault('type', 'MMDistributedDataParallel')
    cfg.custom_hooks = [*(cfg.get('custom_hooks') or []),
                        dict(type=AverageStatisticsHook.__name__)]
    if cfg.get('find_unused_parameters'):
        # mmengine reads it only without a wrapper.
        wrapper.setdefault('find_unused_parameters', True)
    if torch.cuda.is_available():
        check_launcher(cfg.launcher)
        return
    join_processes(cfg.launcher)
    if _replace_synchronised(cfg.get('model')) or cfg.get('sync_bn'):
        print_log('Synchronised batch norm needs a GPU: each process '
                  'normalises its own part of the batch instead.', 'current',
                  logging.WARNING)
    cfg.sync_bn = None
    if wrapper['type'] == 'MMDistributedDataParallel':
        wrapper['device_ids'] = None
    cfg.model_wrapper_cfg = wrapper


def _replace_synchronised(part):
    """Replace synchronised batch norm in a part of a model's config.

    Returns:
        int: How often.
    """
    if isinstance(part, (list, tuple)):
        return sum(map(_replace_synchronised, part))
    if not isinstance(part, dict):
        return 0
    kind = part.get('type')
    name = kind.__name__ if inspect.isclass(kind) else str(kind)
    found = name.rpartition('.')[2].casefold() in _SYNCHRONISED
    if found:
        part['type'] = 'BN'
    return found + sum(map(_replace_synchronised, part.values()))
