"""One error of several processes."""
import os
import re
from datetime import timedelta

_WAIT = timedelta(seconds=5)
# gloo's, when the process at the other end is gone
_GONE = re.compile(r'gloo.*(onnection (closed|reset|refused)|Broken pipe|'
                   'Socket closed)', re.DOTALL)


def is_first_process():
    """Whether this is the only process of a run, or the first of several.

    Known before they join, from torchrun's variables; with other launchers
    each process takes itself for the first one until then.

    Returns:
        bool: Whether it is.
    """
    return os.environ.get('RANK', '0') == '0'


def misses_another(error):
    """Whether an error only says that another process has ended.

    Args:
        error (Exception): As raised by a collective of gloo.

    Returns:
        bool: The other process says why, or torchrun does.
    """
    return isinstance(error, RuntimeError) and bool(_GONE.search(str(error)))


def is_first_to_fail():
    """Whether no other process of torchrun has reported an error yet.

    A user's mistake usually stops all processes. The first one that asks
    reports it, by a counter in the store of torchrun; a later one would be
    heard as well, or only complains that the first is gone.

    Returns:
        bool: True for a single process and other launchers.
    """
    if os.environ.get('TORCHELASTIC_USE_AGENT_STORE') != 'True':
        return True
    from torch.distributed import TCPStore
    key = f'clipzs/{os.environ.get("TORCHELASTIC_RESTART_COUNT")}/errors'
    try:
        store = TCPStore(
            os.environ['MASTER_ADDR'], int(os.environ['MASTER_PORT']),
            is_master=False, timeout=_WAIT)
        return store.add(key, 1) == 1
    except RuntimeError:  # torchrun is gone
        return True
