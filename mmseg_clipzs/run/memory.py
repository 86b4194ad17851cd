"""Peak memory of this process, or of its GPU."""
import resource
import sys
from pathlib import Path

import torch


def reset_peak_memory():
    """Reset the high-water mark of :func:`peak_memory`.

    Returns:
        bool: Whether it was reset; without a GPU, only Linux can.
    """
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        return True
    try:
        Path('/proc/self/clear_refs').write_text('5')
    except OSError:
        return False
    return True


def peak_memory():
    """int: High-water mark of this process, or of its GPU, in bytes."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    try:
        for line in Path('/proc/self/status').read_text().splitlines():
            if line.startswith('VmHWM:'):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == 'darwin' else peak * 1024
