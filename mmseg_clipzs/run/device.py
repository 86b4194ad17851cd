"""The GPU, of any vendor.

mmengine's ``get_device`` chooses a run's device: a GPU of NVIDIA, AMD or
Apple, among others, or else the CPU.
"""
import os
import platform
from functools import lru_cache

import torch
from mmengine.device import get_device

from mmseg_clipzs.utils import UserError, did_you_mean


def gpu_name():
    """str | None: Name of the GPU; None without one."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    if torch.accelerator.is_available():
        return f'{torch.accelerator.current_accelerator().type} GPU'
    return None


def device_name():
    """str: The GPU, or the CPU with its instruction set."""
    return gpu_name() or (f'CPU ({platform.machine()}, '
                          f'{torch.backends.cpu.get_cpu_capability()})')


def synchronize():
    """Wait until the GPU, if any, has finished its queue."""
    if torch.accelerator.is_available():
        torch.accelerator.synchronize()


@lru_cache(maxsize=1)
def survive_forks():
    """Let processes forked from this one compute, with one thread.

    They would wait for ever for the threads of OpenMP, which are not forked.
    """
    if hasattr(os, 'register_at_fork'):  # not on Windows
        os.register_at_fork(after_in_child=lambda: torch.set_num_threads(1))


def choose_device(name=None):
    """Check the name of a device before anything is loaded.

    Args:
        name (str | torch.device, optional): 'cpu', 'cuda', 'cuda:1', 'mps',
            ...; by default a GPU if there is one.

    Returns:
        str: The device.

    Raises:
        UserError: Unknown, or not in this machine.
    """
    if not name:
        return get_device()
    name = str(name)
    here = _here()
    try:
        device = torch.device(name)
    except RuntimeError:  # its message lists thirty types
        device = None
    fits = device is not None and device.type in here and (
        device.index or 0) < here[device.type]
    if not fits:
        names = [kind if count == 1 else f'{kind}:0 to {kind}:{count - 1}'
                 for kind, count in here.items()]
        alone = ' It has no GPU that PyTorch can use.' * (len(here) == 1)
        raise UserError(
            f'There is no device {name!r} on this machine; choose one of '
            f'{", ".join(names)}.{did_you_mean(name, here)}{alone}')
    return name


def _here():
    """dict[str, int]: Type of a device -> how many there are."""
    found = {'cpu': 1}
    if torch.cuda.is_available():
        found['cuda'] = torch.cuda.device_count()
    kind = torch.device(get_device()).type
    found.setdefault(kind, 1)
    return found
