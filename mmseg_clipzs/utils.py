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
    """An error the user can fix: a wrong path, name, file or setting.

    The message names the input, the accepted values and a remedy. The
    command-line tools print it without a traceback.
    """


def import_optional(name, extra, what, package=None):
    """Import a module of an optional dependency.

    Args:
        name (str): The module.
        extra (str): The extra of this package that installs it.
        what (str): The feature that needs it, for the message.
        package (str, optional): The package to install, if its name differs
            from the module's.

    Returns:
        module: The imported module.

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
    """Write to a temporary file that replaces ``path`` on success.

    Readers see either the old file or the complete new one, even if several
    processes write at once (the last one wins).

    Args:
        path (str | Path): The file to write. Its folder is created if missing.

    Yields:
        Path: The temporary file, with the suffix of ``path``.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(
        dir=path.parent, prefix=f'.{path.stem}-', suffix=path.suffix)
    os.close(handle)
    temporary = Path(temporary)
    try:
        yield temporary
        # mkstemp creates private files: apply the usual permissions.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path):
    """Fill a temporary folder, renamed to ``path`` on success.

    Args:
        path (str | Path): Folder to create. It must not exist or be empty.

    Yields:
        Path: Empty folder to write to.
    """
    path = Path(path).absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
            prefix=f'{path.name}.', dir=path.parent) as temporary:
        new = Path(temporary) / 'new'
        new.mkdir()
        yield new
        if path.is_dir():
            path.rmdir()  # os.rename does not replace it on Windows
        os.rename(new, path)


def is_occupied(path):
    """bool: Whether a path is a file or a folder that is not empty.

    Args:
        path (str | Path): The path; it need not exist.
    """
    path = Path(path)
    return path.exists() and not (
        path.is_dir() and not any(path.iterdir()))


def run_tool(main):
    """Run a command-line tool; a user's mistake ends it with one line.

    So does Ctrl-C, with exit code 130.

    Args:
        main (Callable): The tool, without arguments.
    """
    try:
        main()
    except KeyboardInterrupt as e:
        print(f'{e}' or 'Interrupted.', file=sys.stderr)
        sys.exit(130)
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
