"""Errors, optional imports and safe writes, for the whole package."""
import importlib
import itertools
import os
import re
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

_TRACEBACK = 'Traceback (most recent call last):\n'
_WORKER = re.compile(rf'Caught \w+ .*\nOriginal {re.escape(_TRACEBACK)}')
_RAISED = re.compile(r'(?:[\w<>]+\.)*(?P<name>\w+)(?:: |$)')


class UserError(ValueError):
    """Something the user can mend: a wrong path, name, file or setting.

    The message says what came, what fits and what to do; the command-line
    tools print it without a traceback.
    """


def import_optional(name, extra, what, package=None):
    """A module that only some need.

    Args:
        name (str): Of the module.
        extra (str): Of this package's extras, the one that installs it.
        what (str): What needs it, for the message.
        package (str, optional): What to install, if it has another name.

    Returns:
        module: Imported.

    Raises:
        UserError: It is not installed.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as e:
        package = package or name.partition('.')[0]
        raise UserError(
            f'{what} needs {package}, which is not installed: pip install '
            f'"mmseg_clipzs[{extra}]" (or {package}).') from e


@contextmanager
def atomic_write(path):
    """Give a temporary path beside ``path``, renamed to it on success.

    Readers see the old file or the whole new one, never a half of it, also
    when two processes write at once (the last one wins).

    Args:
        path (str | Path): The file to write; its folder is made if missing.

    Yields:
        Path: Where to write, with the same suffix as ``path``.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(
        dir=path.parent, prefix=f'.{path.stem}-', suffix=path.suffix)
    os.close(handle)
    temporary = Path(temporary)
    try:
        yield temporary
        # mkstemp makes private files; these are as readable as any other.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def run_tool(main):
    """Run a command-line tool; a user's mistake ends it with one line.

    Args:
        main (Callable): The tool, without arguments.
    """
    try:
        main()
    except (UserError, FileNotFoundError, AssertionError) as e:
        message = error_message(e)[1]
        # mmcv asserts that an image can be decoded.
        if isinstance(e, AssertionError) and (
                not message.startswith('failed to load image')):
            raise
        sys.exit(f'error: {message}')


def error_message(error):
    """Name and message of an exception, also of one raised in a data loader.

    PyTorch raises a worker's exception with the worker's whole traceback as
    its message.

    Args:
        error (BaseException): The exception.

    Returns:
        tuple[str, str]: Name of its class, and its message in one line.
    """
    name, message = type(error).__name__, str(error)
    if _WORKER.match(message):
        # The last traceback of a chain; its frames are indented.
        lines = message.rpartition(_TRACEBACK)[2].splitlines()
        last = '\n'.join(itertools.dropwhile(
            lambda line: not line or line[0].isspace(), lines))
        raised = _RAISED.match(last)
        if raised:
            name, message = raised['name'], last[raised.end():]
    return name, ' '.join(message.split())
