"""Files written whole, and files that are safe to open."""
import os
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path

from .errors import UserError


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


def check_is_file(path, what):
    """Refuse a path that is not an ordinary file, without opening it.

    Opening a named pipe would wait for ever; a device may never end.

    Args:
        path (str | Path): The path; ``~`` is expanded.
        what (str): What the file should be, for the message, e.g.
            'a checkpoint'.

    Returns:
        Path: The file. Links to files are accepted.

    Raises:
        FileNotFoundError: Nothing exists there.
        UserError: A folder, named pipe, socket or device.
    """
    path = Path(path).expanduser()
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError) as e:
        raise FileNotFoundError(f'No file at {path}; expected {what}.') from e
    except (OSError, ValueError) as e:  # no permission, a NUL, too long
        raise UserError(f'{path} cannot be read as {what}: {e}.') from e
    if not stat.S_ISREG(mode):
        kind = next((name for test, name in _KINDS if test(mode)), 'device')
        raise UserError(f'{path} is a {kind}; expected {what}.')
    return path


_KINDS = ((stat.S_ISDIR, 'folder'), (stat.S_ISFIFO, 'named pipe'),
          (stat.S_ISSOCK, 'socket'))
