"""Classes and their words."""
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from mmseg_clipzs.labels import BACKGROUND
from mmseg_clipzs.utils import UserError, did_you_mean

from .contrast import contrast_words
from .order import check_order

_SHOWN = 200  # names in a message


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
            where = '' if self.source == 'custom' else f' ({self.source})'
            raise UserError(
                f'The list of classes is empty{where}; it needs at least one '
                'name, for example "cat; grass, lawn; sky".')
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

    def require_words(self, allowed=(BACKGROUND, )):
        """Refuse classes without words.

        Args:
            allowed (Sequence[str]): Those that may have none.

        Raises:
            UserError: There is another.
        """
        for name, words in zip(self.classes, self.synonyms):
            if not words and name not in allowed:
                raise UserError(
                    f'Class {name!r} has no words. Only "background" may '
                    'have none, with background_threshold= set or a learnt '
                    'background.')

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

    def owners(self, absent=()):
        """Words that can win, and the class that wins with each.

        Args:
            absent (Container[int]): Classes that cannot win.

        Returns:
            tuple[list[int]]: Indices of the words, ordered by classes, and
            the first class of each.
        """
        first = {}
        for index, words in enumerate(self.word_indices):
            if index not in absent:
                for word in words:
                    first.setdefault(word, index)
        return [*first], [*first.values()]

    @cached_property
    def has_synonyms(self):
        """bool: Whether any class does not have exactly one word."""
        return any(len(words) != 1 for words in self.synonyms)

    @cached_property
    def has_shared_words(self):
        """bool: Whether any word is of several classes."""
        return sum(map(len, self.synonyms)) > len(self.words)

    @cached_property
    def classes_by_length(self):
        """list[tuple]: Classes with the same number of words, of 1 or more.

        For each number W a list of K class indices, and for each class a list
        of the W positions of its words, counted over all classes.
        """
        groups, position = {}, 0
        for index, words in enumerate(self.synonyms):
            if words:
                classes, rows = groups.setdefault(len(words), ([], []))
                classes.append(index)
                rows.append([*range(position, position + len(words))])
            position += len(words)
        return list(groups.values())

    def subset(self, indices):
        """Vocabulary: Restricted to the classes at ``indices``."""
        return Vocabulary(
            tuple(self.classes[i] for i in indices),
            tuple(self.synonyms[i] for i in indices), self.source)

    def indices(self, names):
        """Look up classes.

        Args:
            names (Sequence[str] | str): Display names, one of them, or 'all'.

        Returns:
            list[int]: Class indices in ascending order.

        Raises:
            UserError: A name is not in the vocabulary.
        """
        if names == 'all':
            return list(range(len(self.classes)))
        if isinstance(names, str):
            names = [names]
        if not isinstance(names, (list, tuple, set, frozenset)):
            raise UserError(f'Classes of {self.source} are a list of names or '
                            f'"all", but got {names!r}.')
        index = {name: i for i, name in enumerate(self.classes)}
        unknown = [name for name in names if name not in index]
        if unknown:
            shown = ', '.join(self.classes[:_SHOWN])
            more = ', ...' * (len(self.classes) > _SHOWN)
            raise UserError(
                f'{unknown[0]!r} is not a class of {self.source}; choose from '
                f'{shown}{more}.{did_you_mean(unknown[0], self.classes)}')
        return sorted({index[name] for name in names})

    def to_dict(self):
        """dict[str, list[str]]: The words of each class by its name."""
        return {name: list(words)
                for name, words in zip(self.classes, self.synonyms)}

    def to_lines(self):
        """list[str]: A line for each class, as in a vocabulary file."""
        return [name if words == (name, ) else
                f'{name}: {", ".join(words)}'.rstrip()
                for name, words in zip(self.classes, self.synonyms)]

    def shortened(self):
        """str: The number of classes and the first names, for messages."""
        more = ', ...' * (len(self.classes) > 3)
        return f'{len(self.classes)}: {", ".join(self.classes[:3])}{more}'

    def check_order(self, names, owner):
        """Refuse other names of the classes that swap some of these.

        Args:
            names (Sequence[str]): One per class.
            owner (str): Whose names they are, for the message.

        Returns:
            int: Number of classes with a name of their own in ``names``, at
            the same position.

        Raises:
            UserError: A class has another position in ``names``.
        """
        return check_order(
            [(name, *words) for name, words in zip(
                self.classes, self.synonyms)],
            f'the vocabulary {self.source}', names, owner)

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

    def with_contrast(self):
        """Vocabulary: With a background of :func:`.contrast_words`.

        "background" is class 0; words that the list has for it come first.

        Raises:
            UserError: None of them contrasts with the classes, or there is no
                class but the background.
        """
        vocabulary = self.with_background()
        own, *others = vocabulary.synonyms
        if not others:
            raise UserError('The only class is "background", which leaves '
                            'nothing to segment; name another class.')
        words = dict.fromkeys([*own, *contrast_words(
            word for words in others for word in words)])
        if not words:
            raise UserError(
                'No contrast word is left, as the classes have them all: '
                'leave "auto" out, or name fewer classes.')
        return Vocabulary(
            vocabulary.classes, (tuple(words), *others), self.source)
