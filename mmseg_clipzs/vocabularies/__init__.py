"""Vocabularies: class names and the words that describe them.

A vocabulary file has one class per line: ``name: word, word, ...``, or
``name`` if the name is the only word. ``name:`` is a class without words,
which only a background threshold can predict. Lines starting with "#" are
comments.

Lists that are named after a code ("coco_object81_sclip") have its words to the
letter. Only such a list may have one word in two classes, of which the first
wins.
"""
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mmseg_clipzs.utils import UserError

_FOLDER = Path(__file__).parent
BACKGROUND = 'background'


def available():
    """list[str]: Names of the vocabularies shipped with the package."""
    return sorted(path.stem for path in _FOLDER.glob('*.txt'))


@dataclass(frozen=True)
class Vocabulary:
    """C classes and their Q words.

    Attributes:
        classes (tuple[str]): C display names.
        synonyms (tuple[tuple[str]]): Words of each class. A word of several
            classes is scored once; the first of them wins.
        source (str): Origin of the names, for messages and reports.

    Raises:
        UserError: No classes or words, a name without letters, a class that
            is not unique, or a word twice in one class.
    """
    classes: tuple[str, ...]
    synonyms: tuple[tuple[str, ...], ...]
    source: str = 'custom'

    def __post_init__(self):
        if not self.classes or not self.words:
            raise UserError('The list of classes is empty; it needs at least '
                            'one name, for example "cat; grass, lawn; sky".')
        for what, names in (('class', self.classes), ('word', self.words)):
            for name in names:
                if not any(letter.isalpha() for letter in name):
                    raise UserError(f'A {what} needs letters, but got '
                                    f'{name!r} in the list {self.source}.')
        self._check_unique('class', self.classes)
        for words in self.synonyms:
            self._check_unique('word', words)

    def _check_unique(self, what, names):
        twice = sorted(
            name for name, count in Counter(names).items() if count > 1)
        if twice:
            raise UserError(
                f'The {what} {twice[0]!r} occurs more than once in the list '
                f'{self.source}; every {what} must be unique.')

    def check_words(self):
        """Refuse a word of several classes: nearly always a mistake.

        Returns:
            Vocabulary: This one.

        Raises:
            UserError: There is one.
        """
        self._check_unique(
            'word', [word for words in self.synonyms for word in words])
        return self

    @cached_property
    def words(self):
        """tuple[str]: The Q distinct words, in the order of their classes."""
        return tuple(dict.fromkeys(
            word for words in self.synonyms for word in words))

    @cached_property
    def word_indices(self):
        """tuple[tuple[int]]: Indices of each class's words in ``words``."""
        index = {word: i for i, word in enumerate(self.words)}
        return tuple(tuple(index[word] for word in words)
                     for words in self.synonyms)

    @property
    def has_synonyms(self):
        """bool: Whether any class does not have exactly one word."""
        return any(len(words) != 1 for words in self.synonyms)

    def subset(self, indices):
        """Vocabulary: Restricted to the classes at ``indices``."""
        return Vocabulary(
            tuple(self.classes[i] for i in indices),
            tuple(self.synonyms[i] for i in indices), self.source)

    def indices(self, names):
        """Look up classes.

        Args:
            names (Sequence[str] | str): Display names, or 'all'.

        Returns:
            list[int]: Class indices in ascending order.

        Raises:
            UserError: A name is not in the vocabulary.
        """
        if names == 'all':
            return list(range(len(self.classes)))
        unknown = [name for name in names if name not in self.classes]
        if unknown:
            raise UserError(
                f'{unknown[0]!r} is not a class of {self.source}; choose from '
                f'{", ".join(self.classes)}.')
        return sorted(self.classes.index(name) for name in set(names))

    def to_dict(self):
        """dict[str, list[str]]: The words of each class by its name."""
        return {name: list(words)
                for name, words in zip(self.classes, self.synonyms)}

    def shortened(self):
        """str: The number of classes and the first names, for messages."""
        more = ', ...' * (len(self.classes) > 3)
        return f'{len(self.classes)}: {", ".join(self.classes[:3])}{more}'

    def check_order(self, names, owner):
        """Refuse other names of the classes that swap some of these.

        Class lists are joined by position.

        Args:
            names (Sequence[str]): One per class.
            owner (str): Whose names they are, for the message.

        Raises:
            UserError: A class has another position in ``names``.
        """
        own, other = ([''.join(filter(str.isalnum, name.lower()))
                       for name in each] for each in (self.classes, names))
        for index, name in enumerate(own):
            if name in other and own.count(name) == 1 and (
                    other[index] != name and other.count(name) == 1):
                raise UserError(
                    f'{self.classes[index]!r} is class {index} of the '
                    f'vocabulary {self.source}, but class '
                    f'{other.index(name)} of {owner}. List the classes in '
                    'the same order.')

    def with_background(self):
        """Vocabulary: With "background" as class 0.

        It is moved to the front, or added without words.
        """
        if BACKGROUND not in self.classes:
            return Vocabulary((BACKGROUND, ) + self.classes,
                              ((), ) + self.synonyms, self.source)
        index = self.classes.index(BACKGROUND)
        others = [i for i in range(len(self.classes)) if i != index]
        return self.subset([index, *others]) if index else self


def get_vocabulary(classes):
    """Make a vocabulary from a name, file, string or list.

    Args:
        classes (Vocabulary | str | Path | Sequence | dict): One of

            - the name of a shipped vocabulary ('voc20');
            - the path of a ``.txt`` file in the same format;
            - a string with ";" between classes and "," between synonyms:
              'cat; grass, lawn; sky';
            - a list with one entry per class: a str (with "," between
              synonyms) or a list of synonyms;
            - a dict with such an entry by the name of each class, as in
              checkpoints.

    Returns:
        Vocabulary: In strings and lists, the first synonym is the display
        name.

    Raises:
        UserError: Unknown vocabulary, missing file, invalid names (see
            :class:`Vocabulary`), or a word of several classes in anything but
            a shipped vocabulary.
    """
    if isinstance(classes, Vocabulary):
        return classes
    if isinstance(classes, dict):
        named = Vocabulary(
            tuple(classes), tuple(map(_split, classes.values())))
        return named if _is_shipped(named) else named.check_words()
    if isinstance(classes, (str, Path)):
        path = Path(classes)
        if path.suffix == '.txt':
            return _read(path).check_words()
        if classes in available():
            return _read(_FOLDER / f'{classes}.txt')
        classes = [name for name in str(classes).split(';') if name.strip()]
        if len(classes) == 1 and '_' in classes[0] or not classes:
            raise UserError(
                f'Unknown vocabulary {"".join(classes)!r}; choose one of '
                f'{available()}, or pass a .txt file or the classes as in '
                '"cat; grass, lawn; sky".')
    synonyms = tuple(map(_split, classes))
    return Vocabulary(
        tuple(words[0] if words else '' for words in synonyms),
        synonyms).check_words()


def _split(entry):
    """tuple[str]: Words of a class from a string or a list."""
    if not isinstance(entry, (str, list, tuple)):
        raise UserError('A class must be a name or a list of synonyms, but '
                        f'got {entry!r}.')
    words = entry.split(',') if isinstance(entry, str) else entry
    return tuple(' '.join(str(word).split()) for word in words)


def _is_shipped(vocabulary):
    """bool: Whether the words are those of a shipped list.

    Checkpoints have them without its name, also with a learnt background.
    """
    return any(
        (each.classes, each.synonyms) == (
            vocabulary.classes, vocabulary.synonyms)
        for shipped in map(get_vocabulary, available())
        for each in (shipped, shipped.with_background()))


def _read(path):
    if not path.is_file():
        raise UserError(f'No vocabulary file at {path}.')
    try:
        lines = path.read_text(encoding='utf-8').splitlines()
    except UnicodeDecodeError as e:
        raise UserError(f'{path} is not UTF-8 text: {e}.') from e
    names, synonyms = [], []
    for line in lines:
        line = line.strip()
        if not line or line.startswith('#'):
            continue
        name, colon, words = line.partition(':')
        names.append(name.strip())
        synonyms.append(
            tuple(word.strip() for word in words.split(',') if word.strip())
            if colon else (name.strip(), ))
    return Vocabulary(tuple(names), tuple(synonyms), source=path.stem)
