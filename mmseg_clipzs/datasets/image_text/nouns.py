"""Nouns of captions: by a tagger, or by a list of words."""
import re

from mmseg_clipzs.utils import UserError, import_optional
from mmseg_clipzs.vocabularies import get_vocabulary

from .lists import captions_of

_TAGGER_DATA = 'averaged_perceptron_tagger_eng'


class NounTagger:
    """Nouns by NLTK's part-of-speech tagger: words tagged NN, NNS, NNP, NNPS.

    Raises:
        UserError: NLTK or the tagger's data are not installed.
    """

    def __init__(self):
        nltk = import_optional('nltk', 'train', 'The tagger of nouns')
        try:
            # nltk.pos_tag would load the data anew for every caption.
            self._tag = nltk.tag.PerceptronTagger().tag
        except LookupError as e:
            raise UserError(
                f"The tagger's data are not installed: `python -m "
                f'nltk.downloader {_TAGGER_DATA}` fetches them. Without '
                'them, let `tools/prepare_captions.py` write the nouns into '
                'the list where they are, or name the words to look for '
                '(words= of the transform, --words of the tools).') from e
        self._tokenize = nltk.tokenize.NLTKWordTokenizer().tokenize

    def __call__(self, caption):
        """list[str]: The different nouns, in lower case, as they come."""
        # NLTK's own splitter of sentences would need data.
        sentences = re.split(r'(?<=[.!?])\s+', caption)
        return list(dict.fromkeys(
            word.lower() for sentence in sentences
            for word, tag in self._tag(self._tokenize(sentence))
            if tag.startswith('NN') and any(map(str.isalpha, word))))


class WordFinder:
    """The words of a list that a caption holds, for a closed domain.

    Whole words in any case, also with "s" or "es" behind them; of words
    within one another ("bear", "polar bear") the longest.

    Args:
        words: As for :func:`mmseg_clipzs.vocabularies.get_vocabulary`.
    """

    def __init__(self, words):
        vocabulary = get_vocabulary(words).words
        self._words = {word.lower(): word for word in vocabulary}
        longest_first = sorted(self._words, key=len, reverse=True)
        self._pattern = re.compile(
            rf'(?<!\w)({"|".join(map(re.escape, longest_first))})'
            r'(?:e?s)?(?!\w)', re.IGNORECASE)

    def __call__(self, caption):
        """list[str]: The different words, as they come, spelt as the list's.
        """
        found = self._pattern.findall(' '.join(caption.split()))
        return list(dict.fromkeys(self._words[w.lower()] for w in found))


def noun_finder(words=None):
    """What finds the nouns of a caption.

    Args:
        words (optional): The list of a :class:`WordFinder`.

    Returns:
        Callable: str to list[str]; a :class:`NounTagger` without ``words``.
    """
    return WordFinder(words) if words else NounTagger()


def find_all(captions, find):
    """list[str]: The different nouns of several captions, as they come."""
    return list(dict.fromkeys(
        noun for caption in captions for noun in find(caption)))


def add_nouns(row, find):
    """Set ``nouns`` of a row: those of all its captions.

    Args:
        row (dict): As of
            :func:`mmseg_clipzs.datasets.image_text.lists.read_list`.
        find (Callable): As of :func:`noun_finder`.
    """
    row['nouns'] = find_all(captions_of(row), find)
