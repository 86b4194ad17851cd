"""Class lists that are joined by position."""
import logging
from collections import Counter

from mmseg_clipzs.utils import UserError


def check_order(own, owner, names, other):
    """Refuse two lists of classes that swap some of them.

    Case, spaces and punctuation do not count. If only another word of a class
    is the name of another one, a warning says so.

    Args:
        own (Sequence[Sequence[str]]): For each class its name, then its other
            words.
        owner (str): Whose classes they are, for the message.
        names (Sequence[str]): The names in the other list.
        other (str): Whose names they are.

    Returns:
        int: Number of classes that have the same position in both.

    Raises:
        UserError: A class has another position in ``names``.
    """
    plain = [tuple(map(_plain, words)) for words in own]
    others = list(map(_plain, names))
    position = {name: i for i, name in enumerate(others)}
    count = Counter(others)
    named = Counter(words[0] for words in plain)
    worded = Counter(word for words in plain for word in set(words))
    same = 0
    elsewhere = None
    for index, words in enumerate(plain):
        if index < len(others) and others[index] in words:
            same += 1
            words = words[:1]  # only its own name could be elsewhere
        for word, name in zip(words, own[index]):
            there = position.get(word, index)
            if there == index or count[word] > 1:
                continue
            text = (f'{name!r} is class {index} of {owner}, but class {there} '
                    f'of {other}')
            if word == words[0] and named[word] == 1:
                raise UserError(
                    f'{text}. List the classes in the same order.')
            if worded[word] == 1:
                elsewhere = elsewhere or text
    if elsewhere:
        # The commands read class names before they import mmengine.
        from mmengine.logging import print_log
        print_log(f'{elsewhere}; the lists are joined by position.',
                  'current', logging.WARNING)
    return same


def _plain(name):
    return ''.join(filter(str.isalnum, name.casefold()))
