"""``results.jsonl``: what was made of each photo, and with which settings.

While photos are segmented, each process appends to a file of its own,
``.results-RUN.jsonl``. At the end all of them become ``results.jsonl``, in the
order of the photos. A killed run leaves its files; the next one goes on.
"""
import json
import os
import re
import secrets
from contextlib import suppress
from pathlib import Path

from mmseg_clipzs.utils import (
    MARK,
    UserError,
    atomic_write,
    check_replaceable,
    is_ours,
    shown,
)
from mmseg_clipzs.utils.files import NO_ROOM

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

RESULTS = 'results.jsonl'
_PART = re.compile(r'\.results-[0-9a-f]{12}\.jsonl')


# ------------------------------------------------------------------- reading
def is_record(path):
    """bool: Whether a file holds lines of results of this package.

    Args:
        path (str): A file.
    """
    name = os.path.basename(path)
    return (name == RESULTS or bool(_PART.fullmatch(name))) and is_ours(path)


def records_in(folder):
    """list[Path]: The files with lines of results in a folder, oldest first.

    Args:
        folder (str | Path): It need not exist.
    """
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    paths = [Path(folder, name) for name in names
             if is_record(os.path.join(folder, name))]
    return sorted(paths, key=lambda path: (
        path.name != RESULTS, path.stat().st_mtime_ns, path.name))


def read_lines(path):
    """Read the lines of a file of results.

    Args:
        path (str | Path): The file.

    Yields:
        tuple[int, dict]: Position in the file and content of each complete
        line but the first; damaged ones are left out.
    """
    with open(path, 'rb') as file:
        position = len(file.readline())
        for line in file:
            record = _parsed(line)
            if record is not None and _is_line(record):
                yield position, record
            position += len(line)


def read_line(file, position):
    """bytes: The line at a position of an open file."""
    file.seek(position)
    return file.readline()


def read_header(path):
    """dict | None: The first line of a file of results; None if damaged."""
    with open(path, 'rb') as file:
        return _parsed(file.readline())


def _parsed(line):
    """dict | None: A line; the last one of a killed run may be torn."""
    if line.endswith(b'\n'):
        with suppress(ValueError, RecursionError):
            record = json.loads(line)
            return record if isinstance(record, dict) else None


def _is_line(record):
    """bool: Whether it says what lines say."""
    files = record.get('files', [])
    return all(isinstance(record.get(key, ''), str) for key in (
        'source', 'name', 'error')) and isinstance(files, list) and all(
        isinstance(file, str) for file in files)


def files_in(paths):
    """Yields: str: The files that were written, relative to the folder.

    Args:
        paths (Iterable[str | Path]): Files of results.
    """
    for path in paths:
        for _, record in read_lines(path):
            yield from record.get('files', ())


class Results:
    """The photos in a ``results.jsonl`` that have results.

    May be iterated any number of times.

    Args:
        path (str | Path): The file.
    """

    def __init__(self, path):
        self.path = path

    def __iter__(self):
        """Yields: dict: The line of each photo."""
        return (record for _, record in read_lines(self.path)
                if 'error' not in record)

    def errors(self):
        """Yields: str: Why each of the other photos has none."""
        return (record['error'] for _, record in read_lines(self.path)
                if 'error' in record)


# ------------------------------------------------------------------- writing
def to_line(record):
    """bytes: One line of JSON."""
    try:
        return json.dumps(
            record, ensure_ascii=False, allow_nan=False).encode() + b'\n'
    except UnicodeEncodeError:  # a file's name that is not UTF-8
        return json.dumps(record, allow_nan=False).encode() + b'\n'


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
        self._is_empty = True
        self._file = open(self.path, 'ab', buffering=0)
        if fcntl:
            with suppress(OSError):  # no locks on this file system
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

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

    def close(self):
        """Close the file; without lines it is removed."""
        self._file.close()
        if self._is_empty:
            self.path.unlink(missing_ok=True)


def check_alone(parts):
    """Refuse a folder that another run writes to.

    Args:
        parts (Iterable[Path]): Files of results.

    Raises:
        UserError: One is locked.
    """
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


def write_results(folder, header, lines):
    """Write ``results.jsonl``.

    Args:
        folder (str | Path): Of the results.
        header (dict): The first line.
        lines (Iterable[bytes]): The others.

    Returns:
        Path: The file.

    Raises:
        NotOursError: There is such a file that this package did not write.
        UserError: The folder cannot be written.
    """
    path = Path(folder, RESULTS)
    check_replaceable(path)
    with atomic_write(path) as temporary:
        with open(temporary, 'wb') as file:
            file.write(to_line(header))
            file.writelines(lines)
    return path


def make_header(version, settings, classes, palette, versions):
    """dict: The first line of ``results.jsonl``.

    Args:
        version (str): Of this package.
        settings (dict): That results depend on.
        classes (Sequence[str]): C names.
        palette (Sequence): C RGB colours in [0, 255].
        versions (dict[str, str]): Of libraries.
    """
    return dict(
        written_by=MARK, version=version, settings=settings,
        classes=list(classes),
        palette=[[int(value) for value in colour] for colour in palette],
        versions=versions)
