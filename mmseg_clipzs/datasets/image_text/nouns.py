"""Extract nouns from captions, with a tagger or a word list."""
import re

from mmseg_clipzs.utils import UserError, import_optional
from mmseg_clipzs.vocabularies import get_vocabulary

from .lists import captions_of

_TAGGER_DATA = 'averaged_perceptron_tagger_eng'
_WITHOUT_TAGGER = (
    'Without it, find the nouns in a word list: --words "cat; dog" of '
    'clipzs prepare-captions or make-shards, whose result is trained on '
    'without a tagger, or words= of PackImageText.')


class NounTagger:
    """Find nouns with NLTK's part-of-speech tagger (NN, NNS, NNP, NNPS).

    Raises:
        UserError: NLTK or the tagger's data is not installed.
    """

    def __init__(self):
        try:
            nltk = import_optional('nltk', 'train', 'The noun tagger')
            # nltk.pos_tag reloads the data for every caption.
            self._tag = nltk.tag.PerceptronTagger().tag
        except UserError as e:
            raise UserError(f'{e} {_WITHOUT_TAGGER}') from e
        except LookupError as e:
            raise UserError(
                'The data of the noun tagger is not installed: run `python '
                f'-m nltk.downloader {_TAGGER_DATA}`. {_WITHOUT_TAGGER}'
            ) from e
        self._tokenize = nltk.tokenize.NLTKWordTokenizer().tokenize

    def __call__(self, caption):
        """list[str]: Unique nouns in lower case, in order of appearance."""
        # NLTK's sentence splitter would need more data.
        sentences = re.split(r'(?<=[.!?])\s+', caption)
        return list(dict.fromkeys(
            word.lower() for sentence in sentences
            for word, tag in self._tag(self._tokenize(sentence))
            if tag.startswith('NN') and any(map(str.isalpha, word))))


class WordFinder:
    """Find the words of a list, for a closed domain.

    Matches whole words, case-insensitively, with an optional plural "s" or
    "es". Longer words take precedence ("polar bear" over "bear").

    Args:
        words: Word list, see
            :func:`mmseg_clipzs.vocabularies.get_vocabulary`.
    """

    def __init__(self, words):
        vocabulary = get_vocabulary(words).words
        # Folded: a long s, for example, matches an s.
        self._words = {word.casefold(): word for word in vocabulary}
        longest_first = sorted(vocabulary, key=len, reverse=True)
        self._pattern = re.compile(
            rf'(?<!\w)({"|".join(map(re.escape, longest_first))})'
            r'(?:e?s)?(?!\w)', re.IGNORECASE)

    def __call__(self, caption):
        """list[str]: Unique words as spelt in the list, in order of
        appearance."""
        found = self._pattern.findall(' '.join(caption.split()))
        return list(dict.fromkeys(self._words[w.casefold()] for w in found))


def noun_finder(words=None):
    """Choose how to find nouns.

    Args:
        words (optional): Word list of a :class:`WordFinder`.

    Returns:
        Callable: Maps a caption to list[str]; a :class:`NounTagger` if
        ``words`` is not given.
    """
    return NounTagger() if words is None else WordFinder(words)


def unique_nouns(captions, find):
    """list[str]: Unique nouns of several captions, in order of appearance."""
    return list(dict.fromkeys(
        noun for caption in captions for noun in find(caption)))


def add_nouns(row, find):
    """Set ``nouns`` of a row to the nouns of all its captions.

    Args:
        row (dict): Row of a list, see
            :func:`mmseg_clipzs.datasets.image_text.lists.read_list`.
        find (Callable): Result of :func:`noun_finder`.
    """
    row['nouns'] = unique_nouns(captions_of(row), find)
