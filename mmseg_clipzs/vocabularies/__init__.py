"""Vocabularies: class names and the words that describe them.

A vocabulary file has one class per line: ``name: word, word, ...``, or ``name,
word, ...`` where the name is the first word, or ``name`` alone. ";" separates
classes as a new line does, so that a string is a file in one line. ``name:``
is a class without words, which only a background threshold can predict. Lines
starting with "#" are comments, as is what follows " #".

Lists that are named after a code ("coco_object81_sclip") have its words to the
letter. Only such a list may have one word in two classes, of which the first
wins.
"""
import os
import re
from collections.abc import Iterable, KeysView, Mapping, Set
from functools import lru_cache
from itertools import takewhile
from pathlib import Path

from mmseg_clipzs.utils import UserError, did_you_mean

from .files import find_file, read_file
from .vocabulary import BACKGROUND, Vocabulary
from .words import read_class, read_word, read_words, split_classes

__all__ = [
    'BACKGROUND', 'Vocabulary', 'available', 'describe', 'get_vocabulary']

_FOLDER = Path(__file__).parent
# A word with one of these may be the name of a list; "toy" is a word.
_IN_NAMES = re.compile(r'[\d_]')


def available():
    """list[str]: Names of the vocabularies shipped with the package."""
    return list(_shipped())


def describe(name):
    """str: What a shipped vocabulary is, as the head of its file says."""
    lines = takewhile(lambda line: line.startswith('#'), (
        _FOLDER / f'{name}.txt').read_text(encoding='utf-8').splitlines())
    return ' '.join(line.lstrip('# ') for line in lines)


def get_vocabulary(classes):
    """Make a vocabulary from a name, file, string or list.

    Args:
        classes (Vocabulary | str | Path | Iterable | dict): One of

            - the name of a shipped vocabulary ('voc20');
            - the path of a text file of the format above, whatever its
              suffix;
            - a string with ";" between classes and "," between synonyms:
              'cat; grass, lawn; sky';
            - a list or other ordered collection with one entry per class: a
              str as above or a list of synonyms, taken to the letter;
            - a dict with such an entry by the name of each class, as in
              checkpoints.

            Punctuation of other scripts (U+FF1B, U+FF0C, ...) separates, too.

    Returns:
        Vocabulary: In strings and lists, the first synonym is the display
        name.

    Raises:
        UserError: Unknown vocabulary, missing file, invalid names (see
            :class:`Vocabulary`), a set (which has no order), or a word of
            several classes in anything but a shipped vocabulary.
    """
    if isinstance(classes, Vocabulary):
        return classes
    if isinstance(classes, Mapping):
        return _from_dict(classes)
    source = 'custom'
    if isinstance(classes, (str, os.PathLike)):
        if str(classes) in _shipped():
            return _read_shipped(str(classes))
        path = find_file(classes)
        if path is None:
            named = list(map(read_class, split_classes(classes)))
            _check_no_list(named)
        else:
            named, source = read_file(path), path.stem
    else:
        named = list(map(_read_entry, _entries(classes)))
        _check_no_list(named)
    names, synonyms = zip(*named) if named else ((), ())
    return Vocabulary(names, synonyms, source).check_words()


def _from_dict(classes):
    wrong = [name for name in classes if not isinstance(name, str)]
    if wrong:
        raise UserError('A dict of classes has their names as keys, but got '
                        f'{wrong[0]!r}.')
    named = Vocabulary(tuple(map(read_word, classes)),
                       tuple(map(read_words, classes.values())))
    # Checkpoints have a shipped list without its name.
    is_shipped = (named.classes, named.synonyms) in _shipped_words()
    return named if is_shipped else named.check_words()


def _entries(classes):
    """list: One entry per class."""
    if isinstance(classes, Set) and not isinstance(classes, KeysView):
        raise UserError('A set of classes has no order; pass a list, whose '
                        'first entry is class 0.')
    if isinstance(classes, (bytes, bytearray)) or hasattr(
            classes, 'read') or not isinstance(classes, Iterable) or (
                getattr(classes, 'shape', None) == ()):
        raise UserError(
            'Classes are a list of names, a text such as '
            '"cat; grass, lawn; sky", the name of a vocabulary or the path of '
            f'a file, but got {classes!r}.')
    return list(classes)


def _read_entry(entry):
    """tuple[str, tuple[str]]: Name and words of an entry of a list."""
    if isinstance(entry, str):
        return read_class(entry)
    words = read_words(entry)
    return words[0] if words else '', words


def _check_no_list(named):
    """Refuse the name of a list among classes, and one that is misspelt."""
    words = [word for _, words in named for word in words]
    for word in words:
        if _IN_NAMES.search(word) and word in _shipped():
            raise UserError(f'{word!r} is the name of a vocabulary, not of a '
                            'class: pass it alone, as a text.')
    if len(words) != 1 or not _IN_NAMES.search(words[0]):
        return
    near = did_you_mean(words[0], _shipped())
    if near or '_' in words[0]:
        raise UserError(
            f'Unknown vocabulary {words[0]!r}.{near} Choose one of '
            f'{available()}, or pass a file or the classes as in '
            '"cat; grass, lawn; sky".')


@lru_cache(1)
def _shipped():
    """tuple[str]: Names of the shipped vocabularies, sorted."""
    return tuple(sorted(path.stem for path in _FOLDER.glob('*.txt')))


@lru_cache(None)
def _read_shipped(name):
    names, synonyms = zip(*read_file(_FOLDER / f'{name}.txt'))
    return Vocabulary(names, synonyms, source=name)


@lru_cache(1)
def _shipped_words():
    """frozenset: Classes and words of each shipped vocabulary.

    Also with a learnt background.
    """
    return frozenset(
        (each.classes, each.synonyms) for shipped in map(
            _read_shipped, _shipped())
        for each in (shipped, shipped.with_background()))
