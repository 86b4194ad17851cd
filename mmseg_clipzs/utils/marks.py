"""Tell what this package wrote from what belongs to the user.

A result says so near its beginning: in a text chunk of a PNG, the metadata of
a JPEG or of safetensors, an entry of a JSON, a comment of a page. A WebP does
at its end, where its metadata are. Only a file that does
is ever replaced. Files that cannot say it, such as lists and CSVs, are either
not replaced at all, or written after one that can and replaced with it.
"""
from pathlib import Path

from .errors import UserError
from .names import shown

MARK = 'Written by mmseg_clipzs'
_BEGINNING = 4096  # bytes


class NotOursError(UserError):
    """A result would overwrite a file of the user."""


def is_ours(path):
    """bool: Whether a file says that this package wrote it.

    Args:
        path (str | Path): The file; False if it cannot be read.
    """
    path = Path(path)
    try:
        if not path.is_file():
            return False
        with open(path, 'rb') as file:
            found = MARK.encode() in file.read(_BEGINNING)
            if not found and path.suffix.lower() == '.webp':
                file.seek(max(path.stat().st_size - _BEGINNING, 0))
                found = MARK.encode() in file.read(_BEGINNING)
            return found
    except OSError:
        return False


def check_replaceable(*paths, by=None):
    """Refuse to overwrite a file of the user.

    Args:
        paths (str | Path): Files about to be written; they need not exist.
        by (str | Path, optional): The one of them that says that this package
            wrote them all; by default each must say so itself.

    Raises:
        NotOursError: One exists that this package did not write.
    """
    for path in map(Path, paths):
        if path.exists() and not is_ours(by or path):
            raise NotOursError(
                f'{shown(path)} exists and was not written by this tool, so '
                'it is left alone: choose another place for the results, or '
                'move it away.')
