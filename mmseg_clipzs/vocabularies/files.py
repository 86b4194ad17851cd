"""Vocabulary files: what is one, and its text."""
import codecs
import os
import re
from pathlib import Path

from mmseg_clipzs.utils import UserError, check_is_file

from .words import looks_like_path, read_class, split_classes

_LARGEST = 2**24  # bytes; a million words
_WHAT = 'a text file with one class per line'
_ENCODINGS = (  # UTF-32's mark begins with UTF-16's
    (codecs.BOM_UTF8, 'utf-8-sig'), (codecs.BOM_UTF32_LE, 'utf-32'),
    (codecs.BOM_UTF32_BE, 'utf-32'), (codecs.BOM_UTF16_LE, 'utf-16'),
    (codecs.BOM_UTF16_BE, 'utf-16'))
_NUMBER = re.compile(r'(\d+)[\s.):|-]\s*\S')


def find_file(text):
    """Decide whether a text names a file.

    Args:
        text (str | Path): A path, or words.

    Returns:
        Path | None: An existing file, whatever its suffix; None for words.

    Raises:
        UserError: A folder, pipe or device; a path without a file; a name
            that is a word as well as a file.
    """
    path = os.path.expanduser(text)
    is_path = isinstance(text, os.PathLike) or looks_like_path(
        text) or os.path.isdir(os.path.dirname(path))
    if not os.path.exists(path):  # False for texts too long for a path
        if is_path and not set(str(text)) & set(';,'):
            raise UserError(f'No vocabulary file at {path}; expected {_WHAT}.')
        return None
    if os.path.isdir(path) and not is_path:
        return None
    if not is_path and '.' not in text:
        raise UserError(
            f'{text!r} is a word, but also a file here. Write "./{text}" for '
            f'the file, or "{text};" for the word.')
    return check_is_file(path, _WHAT)


def read_file(path):
    """Read the classes of a file.

    Args:
        path (str | Path): A file in UTF-8, or in UTF-16 with its mark.

    Returns:
        list[tuple[str, tuple[str]]]: Name and words of each class.

    Raises:
        UserError: Not such a file.
    """
    path = Path(path)
    lines = [line.partition(' #')[0].replace('\ufeff', '').strip()
             for line in _text(path).splitlines()]
    numbered = [(number, line) for number, line in enumerate(lines, start=1)
                if line and not line.startswith('#')]
    _check_unnumbered(path, [line for _, line in numbered])
    classes = []
    for number, line in numbered:
        if '\t' in line:
            raise UserError(
                f'{path}, line {number}: {line[:80]!r} has columns, separated '
                'by a tab. "," separates the words of a class.')
        try:
            classes += map(read_class, split_classes(line))
        except UserError as e:
            raise UserError(f'{path}, line {number}: {e}') from e
    return classes


def _text(path):
    size = path.stat().st_size
    if size > _LARGEST:
        raise UserError(f'{path} has {size:,} bytes; expected {_WHAT}, of up '
                        f'to {_LARGEST:,} bytes.')
    try:
        data = path.read_bytes()
    except OSError as e:
        raise UserError(f'{path} cannot be read: {e}.') from e
    encoding = next((name for mark, name in _ENCODINGS
                     if data.startswith(mark)), 'utf-8')
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as e:
        raise UserError(
            f'{path} is not UTF-8 text: byte {e.start} in line '
            f'{data.count(10, 0, e.start) + 1} does not fit ({e.reason}). '
            'Save it as UTF-8.') from e
    if '\0' in text:
        raise UserError(f'{path} contains NUL characters; expected {_WHAT}, '
                        'saved as UTF-8.')
    if text.lstrip()[:1] in ('[', '{', '<'):
        raise UserError(f'{path} looks like JSON or markup; expected {_WHAT}.')
    return text


def _check_unnumbered(path, lines):
    """Refuse line numbers or class indices in front of the names."""
    numbers = [_NUMBER.match(line) for line in lines]
    if len(numbers) > 1 and all(numbers):
        values = [int(number[1]) for number in numbers]
        if values == list(range(values[0], values[0] + len(values))):
            raise UserError(
                f'The lines of {path} are numbered ({lines[0]!r}, ...), which '
                'would become part of the words; leave the numbers out.')
