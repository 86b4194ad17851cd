"""Contrast words: what a background shows, for a list of one or two classes.

A class is found where its word fits better than the others; a single one
covers everything. The codes of the SCLIP line therefore describe the
background of Pascal VOC by 26 words, "sky, wall, tree, ...", which
``voc21.txt`` has. These serve for any classes, apart from those that mean a
class, contain it or are part of it.
"""
import re
from functools import lru_cache
from pathlib import Path

from .files import read_file

# Contrast word -> other words with which it does not contrast: what means the
# same, its kind, and what it is a part of.
_RELATED = {name: others.split() for name, others in {
    'sky': 'air cloud heaven',
    'wall': 'brick building facade house wallpaper',
    'tree': 'branch bush forest leaf plant vegetation wood',
    'wood': 'board forest furniture log parquet plank timber tree',
    'grass': 'field ground lawn meadow pasture plant turf vegetation',
    'road': 'asphalt ground highway lane path pavement street',
    'sea': 'lake ocean river water',
    'river': 'canal lake ocean sea stream water',
    'mountain': 'cliff hill landscape peak rock',
    'sands': 'beach desert dune ground',
    'desk': 'furniture table',
    'bed': 'bedding furniture mattress',
    'building': 'architecture castle church facade house tower',
    'cloud': 'sky',
    'lamp': 'chandelier lantern light',
    'door': 'building entrance gate house',
    'window': 'building facade house pane',
    'wardrobe': 'cabinet closet cupboard furniture',
    'ceiling': 'roof',
    'shelf': 'bookcase cabinet cupboard furniture',
    'curtain': 'blind drape',
    'stair': 'staircase stairway step',
    'floor': 'carpet ground parquet rug tile',
    'hill': 'landscape mountain slope',
    'rail': 'railing railroad railway track',
    'fence': 'barrier gate railing',
}.items()}


def contrast_words(words):
    """Words for the background of a list of classes.

    Args:
        words (Iterable[str]): All words of the classes, in English: case and
            plural do not count, and "green grass" and "seagrass" are grass.

    Returns:
        tuple[str]: Those of the 26 that contrast with all of them.
    """
    named = {_singular(token) for word in words
             for token in re.findall(r'\w+', word.casefold())}
    return tuple(
        word for word in _background()
        if not named.intersection(_RELATED[word])
        and not any(map(_is_kind_of(_singular(word)), named)))


@lru_cache(1)
def _background():
    """tuple[str]: Words of the background of ``voc21.txt``."""
    return dict(read_file(Path(__file__).with_name('voc21.txt')))['background']


def _is_kind_of(name):
    """Test of a token; a compound ends with its kind, as in "bookshelf"."""
    return lambda token: token == name or (
        len(name) > 3 and token.endswith(name))


def _singular(word):
    """'shelves' -> 'shelf', 'bodies' -> 'body', 'grasses' -> 'grass'."""
    for plural, end in (('ies', 'y'), ('ves', 'f'), ('sses', 'ss'),
                        ('ches', 'ch'), ('shes', 'sh'), ('xes', 'x')):
        if word.endswith(plural) and len(word) > len(plural) + 1:
            return word.removesuffix(plural) + end
    return word if word.endswith(('ss', 'us', 'is')) or len(word) < 4 else (
        word.removesuffix('s'))
