"""Outputs that are checked before there is anything to write."""
import os
from contextlib import suppress
from pathlib import Path

from .errors import UserError
from .temporary import temporary_name

_PROBE = 4096  # bytes


def check_output(path, what, folder=True):
    """Check that results can be written, before the work for them begins.

    Writes a few bytes where they will be, and leaves nothing behind.

    Args:
        path (str | Path): Where they will be written; missing parents count
            as writable if they can be made.
        what (str): The option, for the message, e.g. '--out'.
        folder (bool): Whether it is a folder, or a file.

    Raises:
        UserError: A file where a folder is needed or the other way round, a
            place that cannot be written, a disk without space.
    """
    kind = 'folder' if folder else 'file'
    if not str(path).strip():
        raise UserError(f'{what} is empty; name a {kind}.')
    path = Path(path)
    try:
        if os.path.lexists(path) and not (
                path.is_dir() if folder else path.is_file()):
            raise UserError(
                f'{what} needs a {kind}, but {path} is a '
                f'{_KINDS.get((path.is_dir(), path.is_file()), "device")}.')
        _probe(path if folder else path.parent)
    except UserError:
        raise
    except (OSError, ValueError) as e:  # a NUL is a ValueError
        reason = getattr(e, 'strerror', None) or str(e)
        raise UserError(f'{what} {path} cannot be written: {reason}. Choose '
                        'another place.') from e


_KINDS = {(True, False): 'folder', (False, True): 'file'}


def _probe(folder):
    """Write to a folder that need not exist."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    deepest, made = missing[0] if missing else folder, []
    try:
        for each in reversed(missing):
            each.mkdir()
            made.append(each)
        probe = deepest / temporary_name()
        try:
            probe.write_bytes(bytes(_PROBE))
        finally:
            probe.unlink(missing_ok=True)
    finally:
        for each in reversed(made):
            with suppress(OSError):  # another process uses it already
                each.rmdir()
