"""The images in folders, and those that a pattern matches."""
import os
import re
from collections import Counter
from fnmatch import translate
from functools import cached_property
from pathlib import Path

from mmseg_clipzs.datasets.find_images import image_suffixes, is_result
from mmseg_clipzs.formats import README
from mmseg_clipzs.utils import is_ours, shown

from .names import Digests
from .record import files_in, is_record, records_in

_LINKS = 'links to folders'
_MAGIC = re.compile(r'[*?\[]')


class Walk:
    """Finds images, in order, and counts what it leaves out.

    Left out are hidden files and folders, files without the suffix of an
    image, links to folders (so that no loop does harm) and what this package
    wrote: folders of results, and results among the images.

    Args:
        out (str | Path, optional): Folder of results that may be inside; it is
            left out even while it is empty.

    Attributes:
        left_out (Counter): What was left out -> how often.
    """

    def __init__(self, out=None):
        self._out = out and os.path.realpath(out)
        self.left_out, self._links = Counter(), []

    def summary(self):
        """str: What was left out, for a sentence; '' for nothing."""
        some = ': ' + ', '.join(map(shown, self._links[:3]))
        return ', '.join(
            f'{what} ({count}{some * (what == _LINKS)})'
            for what, count in sorted(self.left_out.items()))

    @cached_property
    def _written(self):
        """Digests: Files in ``out``."""
        return Digests(files_in(records_in(self._out)) if self._out else ())

    def is_result(self, path):
        """Whether a file that was named is a result.

        Args:
            path (str): The file.

        Returns:
            bool: It says so itself, or is one of those in ``out``.
        """
        if is_result(Path(path)):
            return True
        if not self._written:
            return False
        below = os.path.relpath(os.path.realpath(path), self._out)
        return below.replace(os.sep, '/') in self._written

    def folder(self, root):
        """Find the images in a folder and its subfolders.

        Args:
            root (str): The folder.

        Yields:
            tuple[str, str | None]: Path and None, sorted by name; or a folder
            and why it cannot be read.
        """
        yield from self._below(root, lambda parts: True)

    def pattern(self, pattern):
        """Find the images that a pattern matches, or that are in a folder that
        it matches.

        Args:
            pattern (str): With ``*``, ``?`` or ``[abc]``, or ``**`` for any
                number of folders.

        Yields:
            tuple[str, str | None]: As :meth:`folder`.
        """
        root, wanted = split_pattern(pattern)
        wanted = [part if part == '**' else re.compile(translate(part)).match
                  for part in wanted]

        def match(parts):
            return _fits(wanted, parts)

        if os.path.isdir(root or '.'):
            yield from self._below(root, match)

    def _below(self, root, match):
        """Depth first, without recursion: folders may be deep.

        Args:
            root (str): The folder.
            match (Callable): Parts of a path below it -> True, False, or None
                if only longer ones may match.
        """
        results = Digests(files_in(records_in(root or '.')))
        stack = [self._entries(root or '.', (), results)]
        while stack:
            for entry, parts, error in stack[-1]:
                path = os.path.join(root, *parts)
                found = True if error else match(parts)
                if error:
                    yield path, error
                elif not _is_dir(entry):
                    if found and self._is_image(entry, path):
                        yield path, None
                elif found is not False:
                    if entry.is_symlink():
                        self.left_out[_LINKS] += 1
                        self._links.append(path)
                    else:
                        stack.append(self._entries(path, parts, results))
                        break
            else:
                stack.pop()

    def _entries(self, folder, above, results):
        """Look into a folder.

        Args:
            folder (str): The folder.
            above (tuple[str]): Its parts, below the one that was given.
            results (Digests): Results among the images.

        Yields:
            tuple: An entry, its parts and None, sorted by name; or None, the
            folder's parts and an error.
        """
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as e:
            yield None, above, (f'The folder {shown(folder)} cannot be read: '
                                f'{e.strerror}.')
            return
        if above and (self._is_out(folder) or any(
                is_record(entry.path) or entry.name == README and is_ours(
                    entry.path) for entry in entries)):  # or of a format
            self.left_out['folders of results'] += 1
            return
        for entry in entries:
            parts = (*above, entry.name)
            if entry.name.startswith('.'):
                self.left_out['hidden'] += 1
            elif results and '/'.join(parts) in results:
                self.left_out['results'] += 1
            else:
                yield entry, parts, None

    def _is_out(self, folder):
        return bool(self._out) and os.path.basename(
            folder) == os.path.basename(self._out) and os.path.realpath(
            folder) == self._out

    def _is_image(self, entry, path):
        if os.path.splitext(entry.name)[1].lower() not in image_suffixes():
            self.left_out['no images'] += 1
        elif is_result(Path(path)):
            self.left_out['results'] += 1
        else:
            return True
        return False


def split_pattern(path):
    """Split a pattern.

    Args:
        path (str): Any path.

    Returns:
        tuple[str, list[str]]: The folder before its first wildcard, and the
        parts from there on; the path itself and [] if it has none.
    """
    parts = path.replace(os.sep, '/').split('/')
    for i, part in enumerate(parts):
        if _MAGIC.search(part):
            root = '/'.join(parts[:i])
            return (root or '/' * bool(i)), [each for each in parts[i:] if (
                each)]
    return path, []


def _is_dir(entry):
    """bool: Whether it is a folder; a link to itself is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _fits(wanted, parts):
    """Match a path, in time proportional to its length.

    Args:
        wanted (list): Parts of a pattern: '**' or a callable for each.
        parts (tuple[str]): Those of a path.

    Returns:
        bool | None: Whether the path or a folder above it matches; None if
        only longer ones may.
    """
    reached = {0}  # how many parts of the pattern may be behind
    for part in parts:
        for i, each in enumerate(wanted):
            if each == '**' and i in reached:
                reached.add(i + 1)
        reached = {i + (wanted[i] != '**') for i in reached
                   if i < len(wanted) and (
                       wanted[i] == '**' or wanted[i](part))}
        if any(all(each == '**' for each in wanted[i:]) for i in reached):
            return True
    return None if reached else False
