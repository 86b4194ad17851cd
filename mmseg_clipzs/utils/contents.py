"""The contents of the files and folders that settings name."""
import hashlib
import os

from .files import sha256_of
from .temporary import PREFIX

# Settings that are folders if such a folder exists. Any other text is one
# only if it is written as a path: there may be a folder called 'toy'.
_FOLDERS = ('folder', 'weights')
# A folder with more files or bytes is not read, so that this takes seconds.
_FILES, _BYTES = 1000, 2**26


def content_of(value, key=''):
    """Hash of what a setting of a config names.

    Of a file its content. Of a folder the names of all files below it, with
    their contents; with more than 1000 files or 64 MiB their sizes and times
    of modification instead.

    Args:
        value: The setting.
        key (str): Its name.

    Returns:
        str | None: 64 hexadecimal digits; None if it names nothing that
        exists.
    """
    if not isinstance(value, (str, os.PathLike)):
        return None
    path = os.path.expanduser(value)
    if os.path.isfile(path):
        return sha256_of(path)
    if not os.path.isdir(path) or not (
            key in _FOLDERS or os.path.basename(path) != path):
        return None
    files = sorted(filter(os.path.isfile, (
        os.path.join(root, name) for root, _, names in os.walk(path)
        for name in names if not name.startswith(PREFIX))))
    stats = [os.stat(file) for file in files]
    small = len(files) <= _FILES and sum(
        stat.st_size for stat in stats) <= _BYTES
    digest = hashlib.sha256()
    for file, stat in zip(files, stats):
        content = sha256_of(file) if small else (
            stat.st_size, stat.st_mtime_ns)
        digest.update(repr((os.path.relpath(file, path), content)).encode(
            errors='surrogateescape'))
    return digest.hexdigest()
