import json
import sys

import pytest

from mmseg_clipzs.datasets.image_text.nouns import (
    NounTagger,
    WordFinder,
    add_nouns,
    noun_finder,
)
from mmseg_clipzs.utils import UserError

SENTENCES = [
    [('a', 'DT'), ('cat', 'NN'), ('sits', 'VBZ'), ('on', 'IN'), ('the', 'DT'),
     ('sofa', 'NN'), ('.', '.')],
    [('two', 'CD'), ('dogs', 'NNS'), ('run', 'VBP'), ('in', 'IN'),
     ('Paris', 'NNP'), ('.', '.')],
    [('a', 'DT'), ('black', 'JJ'), ('cat', 'NN'), ('and', 'CC'), ('a', 'DT'),
     ('dog', 'NN')]]


@pytest.fixture
def tagger_data(tmp_path, monkeypatch):
    """A tagger trained on three sentences in place of NLTK's data."""
    nltk = pytest.importorskip('nltk')
    tagger = nltk.tag.PerceptronTagger(load=False)
    tagger.train(SENTENCES, nr_iter=20)
    name = 'averaged_perceptron_tagger_eng'
    folder = tmp_path / 'taggers' / name
    folder.mkdir(parents=True)
    weights, tagdict, classes = tagger.encode_json_obj()
    for part, value in (('weights', weights), ('tagdict', tagdict),
                        ('classes', classes)):
        (folder / f'{name}.{part}.json').write_text(json.dumps(value))
    monkeypatch.setattr(nltk.data, 'path', [str(tmp_path)])


def test_tagged_nouns(tagger_data):
    """Singular, plural and proper nouns: unique, lower case, in order."""
    find = NounTagger()
    assert find('a black cat sits on the sofa.') == ['cat', 'sofa']
    assert find('two dogs run in Paris. a cat and a dog') == [
        'dogs', 'paris', 'cat', 'dog']
    assert find('a cat. a cat. a cat') == ['cat']
    assert find('') == []


def test_same_nouns_as_nltks_pos_tag(tagger_data):
    import nltk
    caption = 'the sofa and two black dogs in Paris'
    tagged = nltk.pos_tag(nltk.word_tokenize(caption, preserve_line=True))
    assert NounTagger()(caption) == [
        word.lower() for word, tag in tagged if tag[:2] == 'NN']


def test_tagger_without_data(monkeypatch, tmp_path):
    nltk = pytest.importorskip('nltk')
    monkeypatch.setattr(nltk.data, 'path', [str(tmp_path)])
    with pytest.raises(UserError, match=(
            'python -m nltk.downloader averaged_perceptron_tagger_eng.*'
            '--words "cat; dog".*clipzs prepare-captions.*PackImageText')):
        NounTagger()


def test_tagger_without_nltk(monkeypatch):
    monkeypatch.setitem(sys.modules, 'nltk', None)
    with pytest.raises(UserError, match=(
            r'needs nltk, .* pip install "mmseg_clipzs\[train\]".*--words')):
        NounTagger()


@pytest.mark.parametrize('caption, nouns', [
    ('A cat on the GRASS, another cat.', ['cat', 'grass']),
    ('three cats and two buses', ['cat', 'bus']),
    ('concatenate the catalogue', []),
    ('a polar bear, and a bear', ['polar bear', 'bear']),
    ('polar\n bears', ['polar bear']),
    ('the lawn', ['lawn']),
    ("the cat's sofa in c++", ['cat', 'c++']),
    ('', []),
])
def test_words_of_a_list(caption, nouns):
    find = WordFinder('cat; grass, lawn; bear; polar bear; bus; c++')
    assert find(caption) == nouns


def test_toy_words():
    assert WordFinder('toy')('itap of zebras on the green grass') == [
        'zebra', 'grass']


def test_nouns_of_all_captions_of_an_image():
    row = dict(captions=['a dog', 'cats', 'a cat and a dog', ''])
    add_nouns(row, WordFinder('cat; dog'))
    assert row['nouns'] == ['dog', 'cat']


def test_letters_that_match_without_being_equal():
    find = WordFinder(['Sun', 'Straße'])
    assert find('the \u017fun over a STRAßE') == ['Sun', 'Straße']
    with pytest.raises(UserError, match='list of classes is empty'):
        noun_finder('')
