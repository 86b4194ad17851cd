"""Peak memory of this process, or of its GPU."""
import sys
from pathlib import Path

import torch

try:
    import resource
except ModuleNotFoundError:  # Windows
    resource = None


def reset_peak_memory():
    """Reset the high-water mark of :func:`peak_memory`.

    Returns:
        bool: Whether it was reset; without a GPU, only Linux can.
    """
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        return True
    try:
        Path('/proc/self/clear_refs').write_text('5', encoding='ascii')
    except OSError:
        return False
    return True


def peak_memory():
    """High-water mark of this process, or of its GPU.

    Returns:
        int | None: Bytes; None where the system does not tell (Windows).
    """
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    try:
        status = Path('/proc/self/status').read_text(encoding='ascii')
        for line in status.splitlines():
            if line.startswith('VmHWM:'):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    if resource is None:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == 'darwin' else peak * 1024


def megabytes(size):
    """int | None: Bytes (or None) in MiB, rounded."""
    return None if size is None else round(size / 2**20)
