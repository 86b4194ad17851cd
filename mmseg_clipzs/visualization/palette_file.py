"""Files that give colours to classes."""
import json
import re

from PIL import ImageColor

from mmseg_clipzs.utils import UserError, check_is_file, shown

_WHAT = ('a text file with one "name: colour" per line, or a JSON object of '
         'names and colours')
_COLOUR = '"#ff8800", "255, 136, 0" and "orange" are colours'
_LARGEST = 2**22  # bytes
# What follows a colour in CVAT's labelmap.txt.
_PARTS = re.compile(r'(?<=\d):[^:\d]*:[^:\d]*$')
_NUMBERS = re.compile(r'(\d{1,3})\s*[,\s]\s*(\d{1,3})\s*[,\s]\s*(\d{1,3})')


def read_palette(source):
    """Read the colours of classes from a file, or from a text of JSON.

    Each line of a text file is ``name: colour``; empty lines and lines that
    begin with ``#`` are skipped. The ``labelmap.txt`` of CVAT's VOC layout is
    such a file. A JSON file is an object, ``{"name": "colour", ...}``; there,
    a colour may also be a list of three numbers.

    Args:
        source (str | Path): A file in UTF-8, or such an object itself: a text
            that begins with ``{``.

    Returns:
        dict[str, tuple[int]]: Name of a class -> RGB in [0, 255].

    Raises:
        FileNotFoundError: No such file.
        UserError: Another file, a text that is no colour, or a name with two
            colours.
    """
    if isinstance(source, str) and source.lstrip()[:1] == '{':
        what, text = 'The palette', source
    else:
        path = check_is_file(source, 'a palette')
        what, text = shown(path), _text(path)
    palette, first = {}, {}
    for where, name, colour in (
            _json_items if text.lstrip()[:1] in ('{', '[') else _text_items)(
                what, text):
        value = _rgb(colour)
        if value is None:
            raise UserError(
                f'{where}: {repr(colour)[:60]} is no colour of {name!r}; '
                f'{_COLOUR}.')
        key = name.casefold()
        if palette.get(first.get(key), value) != value:
            raise UserError(f'{where}: {name!r} has another colour above.')
        palette[first.setdefault(key, name)] = value
    if not palette:
        raise UserError(f'{what} has no colours; expected {_WHAT}.')
    return palette


def _text(path):
    try:
        with open(path, 'rb') as file:
            data = file.read(_LARGEST + 1)
    except OSError as e:
        raise UserError(f'{shown(path)} cannot be read: {e.strerror}.') from e
    if len(data) > _LARGEST:
        raise UserError(f'{shown(path)} has more than {_LARGEST:,} bytes; '
                        f'expected {_WHAT}.')
    try:
        text = data.decode('utf-8-sig')
    except UnicodeDecodeError as e:
        raise UserError(f'{shown(path)} is not UTF-8 text; expected {_WHAT}.'
                        ) from e
    if '\0' in text:
        raise UserError(f'{shown(path)} is no text; expected {_WHAT}.')
    return text


def _text_items(what, text):
    """Yields: tuple[str]: Where, a name and its colour."""
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith('#'):
            continue
        where = f'{what}, line {number}'
        name, colon, colour = _PARTS.sub('', line).rpartition(':')
        if not colon or not name.strip():
            raise UserError(
                f'{where}: {line[:60]!r} is not "name: colour", as in '
                '"cat: #ff8800".')
        yield where, name.strip(), colour.strip()


def _json_items(what, text):
    """Yields: tuple: Where, a name and its colour."""
    try:
        # All pairs, as names that occur twice would be lost.
        pairs = json.loads(text, object_pairs_hook=lambda pairs: pairs)
    except (ValueError, RecursionError) as e:
        raise UserError(f'{what} is no JSON: {e}.') from e
    if not text.lstrip().startswith('{'):
        raise UserError(f'{what} is a JSON list; expected {_WHAT}.')
    for name, colour in pairs:
        yield what, name, colour


def _rgb(colour):
    """tuple[int] | None: RGB in [0, 255] of a text or three numbers."""
    if isinstance(colour, str):
        numbers = _NUMBERS.fullmatch(colour)
        if numbers:
            colour = [int(value) for value in numbers.groups()]
        else:
            try:
                colour = list(ImageColor.getrgb(colour)[:3])
            except ValueError:
                return None
    if not isinstance(colour, list) or len(colour) != 3 or not all(
            type(value) is int and 0 <= value <= 255 for value in colour):
        return None
    return tuple(colour)
