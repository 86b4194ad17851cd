"""The GPU, of any vendor.

mmengine's ``get_device`` chooses a run's device: a GPU of NVIDIA, AMD or
Apple, among others, or else the CPU.
"""
import os
from functools import lru_cache

import torch


def gpu_name():
    """str | None: Name of the GPU; None without one."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    if torch.accelerator.is_available():
        return f'{torch.accelerator.current_accelerator().type} GPU'
    return None


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
