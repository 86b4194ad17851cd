"""What each process writes, until all of it becomes ``results.jsonl``.

While photos are segmented, each process appends to a file of its own,
``.results-RUN.jsonl``. A killed run leaves its files; the next one goes on.
"""
import os
import secrets
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from mmseg_clipzs.utils import UserError, atomic_write, shown
from mmseg_clipzs.utils.files import NO_ROOM

from .record import records_in, to_line

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None


class Part:
    """The lines of one process, on the disk as soon as they are written.

    The file is locked as long as its process lives.

    Args:
        folder (str | Path): Of the results; created if missing.
        header (dict): The first line.

    Raises:
        UserError: The folder cannot be written.
    """

    def __init__(self, folder, header):
        self.path = Path(folder, f'.results-{secrets.token_hex(6)}.jsonl')
        with atomic_write(self.path) as temporary:
            temporary.write_bytes(to_line(header))
            # Locked before others see it.
            locked = fcntl and _open_locked(temporary)
        self._is_empty = True
        self._file = locked or open(self.path, 'ab', buffering=0)

    def append(self, records):
        """Append lines, all at once.

        Args:
            records (Iterable[dict]): The lines.

        Raises:
            UserError: The disk is full.
        """
        self._is_empty = False
        content = memoryview(b''.join(map(to_line, records)))
        try:
            while content:
                content = content[self._file.write(content):]
        except OSError as e:
            if e.errno not in NO_ROOM:
                raise
            raise UserError(f'{shown(self.path)} cannot be written, there is '
                            'no space left: make room and start again.') from e

    def close(self, keep=True):
        """Close the file.

        Args:
            keep (bool): Whether it stays if it has lines.
        """
        remove = self._is_empty or not keep
        if remove and fcntl:
            self.path.unlink(missing_ok=True)  # while it is locked
        self._file.close()
        if remove:
            self.path.unlink(missing_ok=True)


def _open_locked(path):
    file = open(path, 'ab', buffering=0)
    with suppress(OSError):  # no locks on this file system
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return file


def records_of_one(folder, header):
    """Begin to write to a folder, if no other run writes to it.

    Args:
        folder (Path): Of the results; created if missing.
        header (dict): The first line.

    Returns:
        tuple: A :class:`Part`, and the files of results of earlier runs.

    Raises:
        UserError: Another run writes to the folder, or it cannot be written.
    """
    with _one_begins(folder):
        # Its own lock comes first: where folders have no locks, two runs see
        # each other.
        part = Part(folder, header)
        try:
            while True:
                found = [path for path in records_in(folder) if (
                    path != part.path)]
                with suppress(FileNotFoundError):  # a run has ended meanwhile
                    _check_alone(found)
                    return part, found
        except BaseException:
            part.close()
            raise


@contextmanager
def _one_begins(folder):
    """Of several runs, one after the other; then exactly one goes on."""
    with ExitStack() as stack:
        if fcntl:
            with suppress(OSError):  # no such locks; or Part says why
                os.makedirs(folder, exist_ok=True)
                handle = os.open(folder, os.O_RDONLY)
                stack.callback(os.close, handle)
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _check_alone(parts):
    """Raises: UserError: Another run has locked one of these."""
    for path in parts if fcntl else ():
        with open(path, 'rb') as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError as e:
                raise UserError(
                    f'Another run is writing to {shown(path.parent)}: wait '
                    'for its end, or choose another --out.') from e
            except OSError:  # no locks on this file system
                return
