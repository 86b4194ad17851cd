"""Words of a visitor: rows that come from a browser, and their colours."""
import re
from dataclasses import dataclass

from mmseg_clipzs.labels import BACKGROUND
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.visualization import class_palette
from mmseg_clipzs.vocabularies import available, get_vocabulary
from mmseg_clipzs.vocabularies.words import (
    NO_TEXT,
    looks_like_path,
    read_class,
    split_classes,
)

_COLOUR = re.compile('#[0-9a-fA-F]{6}')
_SHOWN = 40  # letters of a word in a message


class RowError(UserError):
    """Rows that have to be changed.

    Attributes:
        rows (list[int]): Their numbers, from 1, among those with text.
    """

    def __init__(self, message, rows):
        super().__init__(message)
        self.rows = rows


@dataclass(frozen=True)
class Words:
    """What a visitor looks for.

    Attributes:
        classes (list[str]): The words of each class, "," between them.
        names (list[str]): Its name, by default the first of them.
        texts (list[str]): What its row says.
        colours (list[tuple[int]]): Its RGB in [0, 255].
    """
    classes: list[str]
    names: list[str]
    texts: list[str]
    colours: list[tuple[int, int, int]]

    @property
    def palette(self):
        """dict[str, tuple[int]]: RGB of each class, by its name."""
        return dict(zip(self.names, self.colours))


def read_words(rows, limits):
    """Read the rows of a visitor, which may be anything.

    Args:
        rows (list[dict]): ``text`` ('grass, lawn'), ``colour`` ('#1f77b4', or
            None for the project's) and ``on`` of each row. Those without text
            do not count.
        limits (Limits): What a visitor may ask for.

    Returns:
        Words: Of the rows that are on.

    Raises:
        UserError: Other things than such rows, none that is on, too many;
            a :class:`RowError` for too long ones, what is no word, or a word
            in two rows.
    """
    rows = first_colours(rows, limits)
    entries, owners = [], {}
    for number, row in enumerate(rows, start=1):
        if not row['on']:
            continue
        try:
            name, words = _read_row(number, row['text'], limits.max_letters)
        except UserError as e:
            raise RowError(str(e), [number]) from e
        for word in (name, *words):
            other = owners.setdefault(word.casefold(), number)
            if other != number:
                raise RowError(
                    f'Words {other} and {number} both have {_cut(word)}. '
                    'Keep it in one of them.', [other, number])
        entries.append((name, words, row))
    if not entries:
        raise UserError(
            'All words are off. Switch on what the photo may show.' if rows
            else 'There are no words. Add what the photo may show, for '
            'example "grass".')
    _check_no_list(entries)
    classes = [', '.join(words) if words[:1] == (name, )
               else f'{name}: {", ".join(words)}'
               for name, words, _ in entries]
    get_vocabulary(classes)  # what else it may refuse
    return Words(classes, [name for name, *_ in entries],
                 [row['text'] for *_, row in entries],
                 [_rgb(row['colour']) for *_, row in entries])


def make_rows(texts):
    """Make rows for words, with the colours of the project.

    Args:
        texts (Sequence[str]): 'grass, lawn', one per class.

    Returns:
        list[dict]: Rows as in :func:`read_words`, all of them on.
    """
    return _coloured([dict(text=text, colour=None, on=True)
                      for text in texts])


def first_colours(rows, limits):
    """Give the project's colours to the rows that have none.

    Args:
        rows (list[dict]): See :func:`read_words`.
        limits (Limits): What a visitor may ask for.

    Returns:
        list[dict]: The rows that have text, all with a colour.

    Raises:
        UserError: Other things than rows, or too many of them.
    """
    if not isinstance(rows, list) or not all(
            isinstance(row, dict) and isinstance(row.get('text'), str)
            and isinstance(row.get('on'), bool)
            and (row.get('colour') is None or isinstance(row['colour'], str)
                 and _COLOUR.fullmatch(row['colour']))
            for row in rows):
        raise UserError('These are no words of this page. Load it again.')
    rows = [row for row in rows if row['text'].strip()]
    if len(rows) > limits.max_words:
        raise UserError(
            f'There are {len(rows)} words, but here are up to '
            f'{limits.max_words}. Remove some, also of those that are off.')
    return _coloured(rows)


def _coloured(rows):
    names = [_name(row['text']) for row in rows]
    palette = class_palette(names, {
        name: _rgb(row['colour'])
        for name, row in zip(names, rows) if row.get('colour')})
    return [dict(text=row['text'],
                 colour=row.get('colour') or '#' + bytes(colour).hex(),
                 on=row['on'])
            for row, colour in zip(rows, palette)]


def _name(text):
    """str: Of the class, if the row can be read."""
    try:
        return read_class(text)[0] or text
    except UserError:  # said when words are read
        return text


def _read_row(number, text, most):
    """tuple[str, tuple[str]]: Name and words of a class."""
    if len(text) > most:
        raise UserError(
            f'Word {number} has {len(text)} letters, but here are up to '
            f'{most}, synonyms included. Shorten it.')
    if len(split_classes(text)) > 1 or len(text.splitlines()) > 1:
        raise UserError(f'Word {number}, {_cut(" ".join(text.split()))}, is '
                        'several words. Give each a row.')
    for word in map(str.strip, text.split(',')):
        if looks_like_path(word):
            raise UserError(f'Word {number}, {_cut(word)}, is the name of a '
                            'file. Write what the photo may show.')
    if NO_TEXT.search(text.strip()):
        raise UserError(f'Word {number} has a character that cannot be read. '
                        'Type it again.')
    name, words = read_class(text)
    if not (name and words):
        raise UserError(
            f'Word {number}, {_cut(text.strip())}, ' + (
                'lacks a word before or after the colon. Write both, or '
                'leave the colon out.' if name or words else
                'has no letters. Write what the photo may show.'))
    if name.casefold() == BACKGROUND:  # the one of a threshold
        words = tuple(BACKGROUND if word == name else word
                      for word in words)
        name = BACKGROUND
    for word in (name, *words):
        if not any(map(str.isalpha, word)):
            raise UserError(f'Word {number} has no letters in {_cut(word)}. '
                            'Write what the photo may show.')
        if words.count(word) > 1:
            raise UserError(f'Word {number} has {_cut(word)} twice. Remove '
                            'one of them.')
    return name, words


def _check_no_list(entries):
    """Refuse what elsewhere stands for a list of classes."""
    words = [word for _, words, _ in entries for word in words]
    for word in words:
        # A single word with "_" would count as a misspelt one.
        if word in available() and not word.isalpha() or (
                '_' in word and len(words) == 1):
            raise UserError(f'{_cut(word)} is read as the name of a list of '
                            'classes. Write it in plain words.')


def _cut(word):
    return f'"{word[:_SHOWN]}{"..." * (len(word) > _SHOWN)}"'


def _rgb(colour):
    """tuple[int]: RGB in [0, 255] of '#rrggbb'."""
    return tuple(bytes.fromhex(colour[1:]))
