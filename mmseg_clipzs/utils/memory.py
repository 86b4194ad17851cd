"""Say that memory is too small before a process is killed for want of it."""
from pathlib import Path

from .errors import UserError

_GROUP = Path('/sys/fs/cgroup')  # of a container, or of a job in a queue
_GIB = 2**30
_MUCH = 2**29  # bytes; less is not worth asking the system


def available_memory():
    """Memory that this process can still get.

    Returns:
        int | None: Bytes, of the machine or of the container, whichever has
        less; None where the system does not tell (other than Linux).
    """
    try:
        lines = Path('/proc/meminfo').read_text(encoding='ascii').splitlines()
        entries = dict(line.split(':', 1) for line in lines)
        free = 1024 * sum(int(entries[key].split()[0])
                          for key in ('MemAvailable', 'SwapFree'))
    except (OSError, KeyError, ValueError):
        return None
    try:
        limit = (_GROUP / 'memory.max').read_text(encoding='ascii')
        used = int((_GROUP / 'memory.current').read_text(encoding='ascii'))
        rows = (_GROUP / 'memory.stat').read_text(encoding='ascii')
        # Files in the cache make room.
        cached = sum(int(dict(row.split() for row in rows.splitlines())[key])
                     for key in ('active_file', 'inactive_file'))
        return min(free, int(limit) - used + cached)
    except (OSError, KeyError, ValueError):  # none, or no limit ("max")
        return free


def require_memory(size, what='', error=UserError):
    """Refuse what cannot succeed.

    Args:
        size (int): Bytes that it needs at least.
        what (str): Beginning of the sentence.
        error (type): What is raised.

    Raises:
        UserError: There are fewer. Without ``what`` the sentence begins with
            a verb.
    """
    if size < _MUCH:
        return
    free = available_memory()
    if free is not None and size > free:
        raise error(
            f'{what} needs {size / _GIB:.1f} GiB of memory, but only '
            f'{max(free, 0) / _GIB:.1f} GiB are free.'.strip())
