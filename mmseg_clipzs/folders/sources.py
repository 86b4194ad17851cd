"""The photos that a command line names."""
import io
import json
import os
import sys
from array import array

import numpy as np

from mmseg_clipzs.utils import UserError, check_is_file, first_of, shown

from .names import candidates, digest, unique_levels
from .walk import Walk, split_pattern

_LISTS = ('.txt', '.lst', '.list', '.csv')


class Photos:
    """Photos in order, each once, with a unique name for the results of each.

    Needs little more memory than the paths: there may be millions.

    Args:
        paths (list[str]): A path for each.
        starts (array): Where in each path the name of the results begins.
        errors (dict[int, str]): Index -> why this one cannot be a photo.
        left_out (str): What was left out, or ''.
    """

    def __init__(self, paths, starts, errors, left_out):
        self.paths, self.starts = paths, starts
        self.errors, self.left_out = errors, left_out
        self._levels = unique_levels(len(paths), self._name)
        exact = np.frombuffer(array('Q', (
            digest(self.name(i)) for i in range(len(paths)))), np.uint64)
        self._order = np.argsort(exact).astype(np.uint32)
        self._digests = exact[self._order]

    def __len__(self):
        return len(self.paths)

    def _name(self, i, level):
        if i in self.errors:
            return None if level else ''
        names = candidates(self.paths[i], self.starts[i])
        return names[level] if level < len(names) else None

    def name(self, i):
        """str: Name of the results of a photo; '' of what cannot be one."""
        return self._name(i, self._levels.get(i, 0))

    def find(self, name):
        """int | None: Index of the photo whose results have this name."""
        at = np.searchsorted(self._digests, np.uint64(digest(name)))
        if name and at < len(self) and self.name(
                int(self._order[at])) == name:
            return int(self._order[at])

    def to_bytes(self):
        """bytes: What :meth:`from_bytes` reads."""
        return json.dumps([self.paths, list(self.starts), list(
            self.errors.items()), self.left_out]).encode()

    @classmethod
    def from_bytes(cls, content):
        """Photos: In another process."""
        paths, starts, errors, left_out = json.loads(content)
        return cls(paths, array('I', starts), dict(errors), left_out)


def check_inputs(inputs):
    """Read the inputs of a call.

    Args:
        inputs (str | PathLike | Iterable): One or several; see
            :func:`find_photos`.

    Returns:
        list[str]: All of them.

    Raises:
        UserError: None, or what is no path.
    """
    if isinstance(inputs, (str, os.PathLike)):
        inputs = [inputs]
    try:
        inputs = [os.fsdecode(each) for each in inputs]
    except TypeError as e:
        raise UserError(
            'inputs must be paths of photos or folders, patterns or @FILE, '
            f'but got a {type(inputs).__name__}: {e}. ZeroShotInferencer '
            'also takes arrays.') from e
    if not inputs:
        raise UserError('inputs are empty: name photos or folders.')
    return inputs


def find_photos(inputs, out=None, stdin=None):
    """Find the photos that were named, in order.

    Args:
        inputs (Sequence[str]): Files; folders, with their subfolders; patterns
            such as ``photos/**/*.jpg``; ``@FILE`` with a path in each line;
            ``-`` for such lines from the standard input. What exists under
            that very name is a file or folder.
        out (str | Path, optional): Folder of the results, which are no photos.
        stdin (TextIO, optional): Instead of the standard input.

    Returns:
        Photos: What was found, and what cannot be a photo.

    Raises:
        UserError: Nothing was found.
    """
    walk = Walk(out)
    paths, starts, errors = [], array('I'), {}
    for path, start, error in _expand(inputs, walk, stdin):
        if error:
            errors[len(paths)] = error
        paths.append(path)
        starts.append(start)
    paths, starts, errors = _once(paths, starts, errors, walk)
    if not paths:
        why = walk.summary()
        raise UserError(f'No images in {shown(first_of(inputs, 5))}' + (
            f': there are only {why}.' if why else '.'))
    return Photos(paths, starts, errors, walk.summary())


def share_photos(team, find):
    """Find photos in one process for all of them: folders may change.

    Args:
        team (Alone): The processes.
        find (Callable): -> Photos; called in the first process.

    Returns:
        Photos: The same in all processes.
    """
    if team.size == 1:
        return find()
    found = []

    def content():
        found.append(find())
        return found[0].to_bytes()

    content = team.share('photos', content)
    return found[0] if found else Photos.from_bytes(content)


def _once(paths, starts, errors, walk):
    """Keep the first of those that name the same file."""
    keys = np.frombuffer(array('Q', (
        digest(f'\0{i}' if i in errors else os.path.abspath(path))
        for i, path in enumerate(paths))), np.uint64)
    first = np.unique(keys, return_index=True)[1]
    if len(first) == len(paths):
        return paths, starts, errors
    walk.left_out['named before'] += len(paths) - len(first)
    first.sort()
    return ([paths[i] for i in first], array('I', (starts[i] for i in first)),
            {new: errors[i] for new, i in enumerate(map(int, first))
             if i in errors})


def _expand(inputs, walk, stdin):
    """Yields: tuple[str, int, str | None]: Path, start of the name, error."""
    for text in inputs:
        text = os.fspath(text)
        root, wanted = split_pattern(text)
        if text == '-':
            yield from _listed(stdin or _standard_input(),
                               'the standard input', walk)
        elif os.path.lexists(text) or text[:1] != '@' and not wanted:
            # A single one is an error, others as of *.png among results.
            yield from _named(text, walk, takes_results=len(inputs) == 1)
        elif text[0] == '@':
            yield from _from_file(text, walk)
        else:
            found = False
            for path, error in walk.pattern(text):
                found = True
                yield path, len(root), error
            if not found:
                yield text, 0, f'No image matches {shown(text)}.'


def _named(path, walk, start=None, takes_results=False):
    """Expand a file or a folder.

    Args:
        path (str): Its path.
        walk (Walk): What was left out.
        start (int, optional): Where the name begins; by default with the
            file's name, or below the folder.
        takes_results (bool): Whether results are not left out.
    """
    if os.path.isdir(path):
        below = len(os.path.join(path, '')) if start is None else start
        for each, error in walk.folder(path):
            yield each, below, error
        return
    if path and not takes_results and walk.is_result(path):
        walk.left_out['results'] += 1
        return
    suffix = os.path.splitext(path)[1].lower()
    error = None
    if not path:
        error = "'' names no image."
    elif suffix in _LISTS and os.path.isfile(path):
        error = (f'{shown(path)} is a list, no image: @{shown(path)} takes '
                 'the paths in it.')
    if start is None:
        start = len(os.path.dirname(path.rstrip(os.sep)))
    yield path, start, error


def _standard_input():
    """TextIO: With names that are not UTF-8."""
    if sys.stdin is None:
        raise UserError('There is no standard input to read paths from.')
    return io.TextIOWrapper(
        sys.stdin.buffer, 'utf-8-sig', 'surrogateescape')


def _from_file(text, walk):
    try:
        file = check_is_file(text[1:], 'a list of images')
        with open(file, encoding='utf-8-sig',
                  errors='surrogateescape') as lines:
            yield from _listed(lines, shown(file), walk)
    except (FileNotFoundError, UserError) as e:
        yield text, 0, str(e)


def _listed(lines, what, walk):
    """Paths of a list keep their folders, as with tar and cp --parents."""
    empty = True
    for line in lines:
        line = line.rstrip('\r\n')
        if not line.strip():
            continue
        empty = False
        yield from _named(line, walk, start=0)
    if empty:
        yield what, 0, f'There is no path in {what}.'

