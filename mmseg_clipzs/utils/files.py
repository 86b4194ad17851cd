"""Files written whole, and files that are safe to open."""
import errno
import hashlib
import os
import shutil
import stat
from contextlib import contextmanager
from pathlib import Path

from .errors import UserError
from .marks import NotOursError
from .names import shown
from .temporary import PREFIX, clean_once, temporary_folder, temporary_name

# Numbers of errors.
NO_ROOM = {errno.ENOSPC, errno.EFBIG, getattr(errno, 'EDQUOT', -1)}
NOT_PERMITTED = {errno.EACCES, errno.EPERM, errno.EROFS}
_NOT_POSSIBLE = NOT_PERMITTED | {
    errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.EEXIST,
    errno.ENOENT}  # ENOENT: below /proc


@contextmanager
def atomic_write(path):
    """Write to a temporary file that replaces ``path`` on success.

    Readers see either the old file or the complete new one, even if several
    processes write at once (the last one wins). What killed runs left in the
    folder is removed, see :mod:`.temporary`.

    Args:
        path (str | Path): The file to write. Its folder is created if missing.

    Yields:
        Path: The temporary file, empty, with the suffix of ``path``.

    Raises:
        UserError: The disk is full, or the folder cannot be written; the old
            file is intact.
    """
    path = Path(path)
    temporary = path.parent / temporary_name(path.suffix)
    with _sentence(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        clean_once(path.parent)
        try:
            temporary.touch(exist_ok=False)
            yield temporary
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

    Raises:
        UserError: The disk is full, or the folder cannot be made.
    """
    path = Path(path).absolute()
    with _sentence(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary_folder(path.parent) as temporary:
            new = temporary / 'new'
            new.mkdir()
            yield new
            if path.is_dir():
                path.rmdir()  # os.rename does not replace it on Windows
            os.rename(new, path)


@contextmanager
def _sentence(path):
    """Say in one sentence why ``path`` was not written."""
    try:
        yield
    except KeyboardInterrupt as e:
        raise KeyboardInterrupt(
            f'Interrupted; {path} was not written.') from e
    except Exception as e:
        number = getattr(e, 'errno', None)
        # torch and safetensors report a full disk without its number.
        if number in NO_ROOM or number is None and _is_full(path.parent) and (
                isinstance(e, RuntimeError) or 'Safetensor' in repr(e)):
            raise UserError(
                f'{path} cannot be written, there is no space left: make room '
                'or choose another place. What was there before is unchanged.'
            ) from e
        named = os.fsdecode(getattr(e, 'filename', None) or '')
        if number in _NOT_POSSIBLE and (PREFIX in named or Path(named) in (
                path, *path.parents)):
            reason = (f'{named} is no folder' if isinstance(
                e, (FileExistsError, NotADirectoryError)) else e.strerror)
            # A file for a folder or the other way round is somebody's.
            taken = isinstance(e, (
                FileExistsError, NotADirectoryError, IsADirectoryError))
            raise (NotOursError if taken else UserError)(
                f'{path} cannot be written: {reason}. Choose another place.'
            ) from e
        raise


def _is_full(folder):
    try:
        return shutil.disk_usage(folder).free < 2**16
    except OSError:
        return False


def sha256_of(path):
    """str: SHA-256 of a file's content, 64 hexadecimal digits.

    Args:
        path (str | Path): An existing file.
    """
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while chunk := file.read(2**24):
            digest.update(chunk)
    return digest.hexdigest()


def is_occupied(path):
    """bool: Whether a path is a file or a folder that is not empty.

    Args:
        path (str | Path): The path; it need not exist.
    """
    path = Path(path)
    return path.exists() and not (
        path.is_dir() and not any(path.iterdir()))


def other_case(path):
    """Name the file whose ending is in the other case: x.PNG for x.png.

    Args:
        path (str | Path): A path where nothing exists.

    Returns:
        str: A blank and a sentence, or ''.
    """
    path = Path(path)
    for suffix in (path.suffix.upper(), path.suffix.lower()):
        found = path.with_suffix(suffix)
        if found != path and os.path.lexists(found):
            return (f' {shown(found)} exists, whose ending is in the other '
                    'case.')
    return ''


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
    if not os.fspath(path):  # Path('') is the current folder
        raise UserError(f'An empty text names no file; expected {what}.')
    path = Path(os.path.expanduser(path))
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError) as e:
        raise FileNotFoundError(f'No file at {shown(path)}; expected {what}.'
                                f'{other_case(path)}') from e
    except (OSError, ValueError) as e:  # no permission, a NUL, too long
        raise UserError(
            f'{shown(path)} cannot be read as {what}: {shown(e)}.') from e
    if not stat.S_ISREG(mode):
        kind = next((name for test, name in _KINDS if test(mode)), 'device')
        raise UserError(f'{shown(path)} is a {kind}; expected {what}.')
    return path


_KINDS = ((stat.S_ISDIR, 'folder'), (stat.S_ISFIFO, 'named pipe'),
          (stat.S_ISSOCK, 'socket'))
