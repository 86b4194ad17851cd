import re

import numpy as np
import pytest

from mmseg_clipzs.datasets.image_text.nouns import WordFinder
from mmseg_clipzs.toy.captions import make_captions

OBJECTS = [('ladybug', 'red'), ('zebra', 'black')]


def captions(objects, ground='sea', seeds=40, **options):
    return [make_captions(np.random.default_rng(seed), objects, ground,
                          **options) for seed in range(seeds)]


def test_the_first_caption_names_everything_and_no_other_class():
    find = WordFinder('toy')
    for first, *others in captions(OBJECTS):
        assert sorted(find(first)) == ['ladybug', 'sea', 'zebra']
        for caption in others:
            assert set(find(caption)) <= {'ladybug', 'sea', 'zebra'}


def test_every_caption_names_something():
    find = WordFinder('toy')
    assert all(find(caption) for texts in captions(OBJECTS[:1])
               for caption in texts)


@pytest.mark.parametrize('count', [1, 2, 6])
def test_count(count):
    assert {len(texts) for texts in captions(OBJECTS, count=count)} == {count}


def test_a_bare_ground():
    for first, *_ in captions([], 'brick'):
        assert re.fullmatch(r'(the )?(red )?brick\.?', first)


def test_articles():
    """The article is "an" before vowels only."""
    for texts in captions([('leaf', 'orange'), ('sun', 'orange')], seeds=80):
        for caption in texts:
            assert not re.search(r'\ba [aeiu]|\ba o(?!ne\b)', caption), caption
            assert not re.search(r'\ban [^aeio]', caption), caption


def test_colours_are_mentioned_in_words_of_their_own():
    text = ' '.join(caption for texts in captions([('zebra', 'black')])
                    for caption in texts)
    assert 'striped zebra' in text and 'black and white zebra' in text
    assert 'black zebra' not in text
