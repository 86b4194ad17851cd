"""Names of results, which differ on every file system."""
import hashlib
import os
import re
import unicodedata
from array import array

import numpy as np

from mmseg_clipzs.formats import FOLDERS

_MOST = 235  # bytes of a file's name; 255 with an ending as _overlay.png


def digest(text):
    """int: 64 bits that tell texts apart, the same in every run.

    Args:
        text (str): Any text, also with bytes that are not UTF-8.
    """
    return int.from_bytes(hashlib.blake2b(
        text.encode('utf-8', 'surrogatepass'), digest_size=8).digest(), 'big')


class Digests:
    """A set of texts that takes 8 bytes for each.

    Args:
        texts (Iterable[str]): The texts.
    """

    def __init__(self, texts):
        self._sorted = np.unique(np.frombuffer(
            array('Q', map(digest, texts)), np.uint64))

    def __bool__(self):
        return bool(len(self._sorted))

    def __contains__(self, text):
        wanted = np.uint64(digest(text))
        at = np.searchsorted(self._sorted, wanted)
        return at < len(self._sorted) and self._sorted[at] == wanted


def clean(path):
    """Split a path into what may be the name of a result.

    Args:
        path (str): Relative or absolute, perhaps with '..'.

    Returns:
        list[str]: Its parts, below the folder of the results: no part is
        empty, '.', '..' or a drive.
    """
    parts = []
    for part in os.path.splitdrive(path)[1].replace(os.sep, '/').split('/'):
        if part == '..':
            del parts[-1:]
        elif part not in ('', '.'):
            parts.append(part)
    return parts


def is_below(name):
    """bool: Whether a name is of a file below the folder of the results.

    Args:
        name (str): With '/' between folders.
    """
    try:
        os.fsencode(name)
    except UnicodeEncodeError:  # surrogates that stand for no byte
        return False
    return bool(name) and '\0' not in name and '/'.join(clean(name)) == name


def candidates(path, start):
    """Name the result of a photo, from short to surely unique.

    Args:
        path (str): Its file.
        start (int): Where in ``path`` the part begins that is kept, folders
            included.

    Returns:
        list[str]: Four names, with '/' between folders: without suffix, with
        suffix, below the name of the folder above, and with a hash of the
        whole path.
    """
    *folders, file = clean(path[start:]) or ['']
    above = clean(os.path.abspath(path[:start]))[-1:]
    stem = os.path.splitext(file)[0]
    whole = _hash(os.path.abspath(path))
    return ['/'.join([*each, fit(name)]) for each, name in (
        (_apart(folders), stem), (_apart(folders), file),
        (_apart(above + folders), file),
        (_apart(folders), f'{stem}-{whole}'))]


def _apart(folders):
    """list[str]: Folders, none of which is one of a format."""
    first, others = folders[:1], folders[1:]
    return [f'{each}_' if each.casefold() in FOLDERS else each
            for each in first] + others


def fit(name):
    """Shorten a name that would be too long for a file with its endings.

    Args:
        name (str): Without folders.

    Returns:
        str: The name, or its beginning and a hash.
    """
    raw = os.fsencode(name)
    if len(raw) <= _MOST:
        return name
    return f'{raw[:_MOST - 17].decode("utf-8", "ignore")}-{_hash(name)}'


def _hash(text):
    """str: 16 hexadecimal digits, for what a person may read."""
    return hashlib.sha256(
        text.encode('utf-8', 'surrogateescape')).hexdigest()[:16]


def same_file(name):
    """str: What file systems and the names of heat maps make equal.

    Args:
        name (str): Name of a result.
    """
    name = unicodedata.normalize('NFC', name).casefold()
    return re.sub(r'_heat_\d+$', '', name)


def unique_levels(count, name):
    """Choose the shortest names that are unique.

    The choice does not depend on the order: all photos whose names meet get
    longer ones. Needs 8 bytes for each.

    Args:
        count (int): Number of photos.
        name (Callable): (index, level from 0) -> a name, longer for a higher
            level; None beyond the last. '' is never taken for another's.

    Returns:
        dict[int, int]: Index -> level, of those that are not at level 0.
    """
    def key(i, level):
        return digest(same_file(name(i, level) or f'\0{i}'))

    levels = {}
    keys = np.frombuffer(array('Q', (
        key(i, 0) for i in range(count))), np.uint64).copy()
    while True:
        order = np.argsort(keys, kind='stable')
        equal = np.flatnonzero(keys[order[1:]] == keys[order[:-1]])
        meet = np.unique(np.concatenate([order[equal], order[equal + 1]]))
        longer = [i for i in map(int, meet)
                  if name(i, levels.get(i, 0) + 1) is not None]
        if not longer:
            return levels
        for i in longer:
            levels[i] = levels.get(i, 0) + 1
            keys[i] = key(i, levels[i])
