"""Which photos are done, and where their lines are."""
import json
import os
from array import array
from contextlib import ExitStack

import numpy as np

from .differences import differences
from .names import digest, is_below
from .record import (
    read_header,
    read_line,
    read_lines,
    to_line,
    write_results,
)

_NONE = -1


class Lines:
    """Where the line of each photo is, in files of results.

    Args:
        photos (Photos): All photos.
        formats (Sequence[Format]): What the lines are for; those that one of
            them cannot finish do not count.

    Attributes:
        failed (ndarray): (N, ) bool, whether the line is of an error.
    """

    def __init__(self, photos, formats):
        self.photos, self._formats, self._files = photos, formats, []
        self._file = np.full(len(photos), _NONE, np.int32)
        self._position = np.zeros(len(photos), np.int64)
        self.failed = np.zeros(len(photos), bool)
        self.failed[list(photos.errors)] = True
        # Of photos that are not among these: file, position, name, source.
        self._others = array('q'), array('q'), array('Q'), array('Q')

    def read(self, paths, accept=None):
        """Read files of results; later lines count.

        Args:
            paths (Iterable[Path]): The files.
            accept (Callable, optional): (index of a photo, its line) -> bool,
                whether it counts. By default all do.
        """
        for path in paths:
            self._files.append(path)
            number = len(self._files) - 1
            for position, record in read_lines(path):
                if not self._is_complete(record):
                    continue
                i = self.photos.find(record.get('name', ''))
                if i is None:
                    if 'error' not in record:
                        for column, value in zip(self._others, (
                                number, position, digest(record['name']),
                                digest(record['source']))):
                            column.append(value)
                elif accept is None or accept(i, record):
                    self._file[i] = number
                    self._position[i] = position
                    self.failed[i] = 'error' in record

    def _is_complete(self, record):
        """bool: Whether it has what lines need; others may change files."""
        if 'error' in record or 'source' not in record:
            return 'source' in record
        return is_below(record.get('name', '')) and 'files' in record and all(
            type(record.get(key)) is int and record[key] > 0
            for key in ('width', 'height')) and all(
            each.can_finish(record) for each in self._formats)

    def missing(self):
        """ndarray: Indices of photos without a line, in order."""
        missing = self._file == _NONE
        missing[list(self.photos.errors)] = False
        return np.flatnonzero(missing)

    def __iter__(self):
        """Yields: bytes: The lines in the order of the photos.

        Then those of photos that are not among these, but have results in the
        same folder.
        """
        with ExitStack() as stack:
            files = [stack.enter_context(open(path, 'rb'))
                     for path in self._files]
            for i, (file, position) in enumerate(zip(
                    self._file, self._position)):
                if i in self.photos.errors:
                    yield to_line(dict(source=self.photos.paths[i],
                                       error=self.photos.errors[i]))
                elif file != _NONE:
                    yield read_line(files[file], int(position))
            for file, position in self._kept():
                yield read_line(files[file], position)

    def first_failed(self, count):
        """list[str]: Why the first photos have no results."""
        sentences = []
        for i in map(int, np.flatnonzero(self.failed)[:count]):
            sentences.append(self.photos.errors.get(i) or self._error(i))
        return sentences

    def _error(self, i):
        with open(self._files[self._file[i]], 'rb') as file:
            return json.loads(read_line(file, int(self._position[i])))['error']

    def _kept(self):
        """Yields: tuple[int, int]: File and position of each other photo."""
        if not self._others[0]:
            return
        files, positions, names, sources = map(np.array, self._others)
        last = len(names) - 1 - np.unique(names[::-1], return_index=True)[1]
        last.sort()
        own = np.array([digest(path) for path in self.photos.paths], np.uint64)
        for at in last[~np.isin(sources[last].astype(np.uint64), own)]:
            yield int(files[at]), int(positions[at])


def without_photos(out, header, found, lines):
    """Drop the lines of these photos, which are done again.

    Args:
        out (Path): Folder of the results.
        header (dict): The first line of this run.
        found (Sequence[Path]): Files of results in it.
        lines (Lines): None yet, of these photos.

    Returns:
        list[Path]: What is left: lines of other photos with equal settings.
    """
    same = [path for path in found if not differences(
        header, read_header(path) or {})]
    lines.read(same, lambda i, record: False)
    left = [write_results(out, header, lines)] if same else []
    for path in found:
        if path not in left:
            path.unlink()
    return left


def is_done(photos, out):
    """Tell which lines are of photos that need not be done again.

    Args:
        photos (Photos): All photos.
        out (Path): Folder of the results.

    Returns:
        Callable: (index, line) -> bool. The photo has the same source, size
        and time of change, and all its files exist.
    """
    def accept(i, record):
        try:
            stat = os.stat(photos.paths[i])
        except (OSError, ValueError):
            return False
        return 'error' not in record and (
            record['source'] == photos.paths[i]) and (
            record.get('bytes'), record.get('modified')) == (
            stat.st_size, stat.st_mtime_ns) and all(
            os.path.isfile(os.path.join(out, file))
            for file in record['files'])

    return accept
