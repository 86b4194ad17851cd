"""Cells that may fail, in one process or in several that need each other."""
import sys
from datetime import timedelta

from mmengine.dist import get_world_size
from torch import distributed
from tqdm import tqdm

from mmseg_clipzs.run.cpu import join_processes
from mmseg_clipzs.utils import UserError, error_message

# How long a failed process waits for the others to fail as well.
_PATIENCE = timedelta(minutes=5)


def join(launcher):
    """Join the processes of a launcher.

    Args:
        launcher (str): As in mmseg's tools/test.py.

    Returns:
        ProcessGroup | None: In which they tell each other their errors.
    """
    join_processes(launcher)
    if launcher == 'none':
        return None
    return distributed.new_group(backend='gloo', timeout=_PATIENCE)


def attempt(group, function, *arguments):
    """Call a function that may fail.

    Args:
        group (ProcessGroup, optional): Result of :func:`join`.
        function (Callable): Called in all processes.
        arguments: Its arguments.

    Returns:
        tuple[Any, str | None]: Its result, and the first error of any process,
        the same in all of them.

    Raises:
        UserError: It failed in some of several processes only, so that the
            others cannot continue.
    """
    error = result = None
    try:
        result = function(*arguments)
    except Exception as e:
        error = ': '.join(error_message(e))
    return result, error if group is None else _first_error(error, group)


def cells_done(rows):
    """Say what is done when a run of cells is interrupted.

    Args:
        rows (Sequence[dict | None]): Of each cell, None before it ran.

    Returns:
        str: Half a sentence.
    """
    done = sum(bool(row) and 'error' not in row for row in rows)
    return (f'{done} of {len(rows)} cells are done; the same command runs the '
            'others.')


def _first_error(error, group):
    errors = [None] * get_world_size()
    try:
        distributed.all_gather_object(errors, error, group)
    except RuntimeError as e:
        tqdm.write(error or str(e), file=sys.stderr)
        raise UserError('A cell failed in one process while the others were '
                        'waiting for it. Run the command again: the '
                        'remaining cells run first.') from e
    return next(filter(None, errors), None)
