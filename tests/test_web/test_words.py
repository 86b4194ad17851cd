"""Rows of words from a browser."""
import pytest

from mmseg_clipzs.utils import UserError
from mmseg_clipzs.visualization import class_palette
from mmseg_clipzs.vocabularies import get_vocabulary
from mmseg_clipzs.web.limits import Limits
from mmseg_clipzs.web.words import (
    RowError,
    first_colours,
    make_rows,
    read_words,
)

LIMITS = Limits(max_words=4, max_letters=30)


def row(text, colour='#102030', on=True):
    return dict(text=text, colour=colour, on=on)


def test_classes_names_and_colours():
    words = read_words([
        row('grass,  lawn', '#22BB77'), row('cat', on=False), row('  '),
        row('background: wall, floor', '#000001')], LIMITS)
    assert words.classes == ['grass, lawn', 'background: wall, floor']
    assert words.names == ['grass', 'background']
    assert words.palette == {
        'grass': (0x22, 0xbb, 0x77), 'background': (0, 0, 1)}


@pytest.mark.parametrize('text, class_', [
    ('Background', 'background'), ('BACKGROUND, wall', 'background, wall'),
    ('Background: wall', 'background: wall')])
def test_the_background_is_the_one_of_a_threshold(text, class_):
    words = read_words([row('cat'), row(text)], LIMITS)
    assert words.classes == ['cat', class_]
    assert words.names == ['cat', 'background']


def test_classes_are_read_as_written():
    """What is passed on means to a vocabulary what the visitor wrote."""
    words = read_words([
        row('grass ， lawn'), row('St.  Bernard: dog, hound'),
        row('tv/monitor')], LIMITS)
    assert get_vocabulary(words.classes).to_dict() == {
        'grass': ['grass', 'lawn'], 'St. Bernard': ['dog', 'hound'],
        'tv/monitor': ['tv/monitor']}


def test_colours_are_those_of_the_project():
    names = ['grass', 'sky', 'cat', 'background']
    rows = make_rows(['grass, lawn', *names[1:]])
    assert [tuple(each) for each in class_palette(names)] == read_words(
        rows, LIMITS).colours
    assert rows[3] == row('background', '#000000')


def test_chosen_colours_stay():
    rows = [row('cat', '#22bb77'), row('grass', None), row('!', None, False)]
    coloured = first_colours(rows, LIMITS)
    assert coloured[0] == rows[0]
    assert len({each['colour'] for each in coloured}) == 3
    assert read_words(rows, LIMITS).colours == [
        tuple(bytes.fromhex(each['colour'][1:])) for each in coloured[:2]]


@pytest.mark.parametrize('rows, sentence', [
    ([], 'There are no words.'),
    ([row(' ')], 'There are no words.'),
    ([row('cat', on=False)], 'All words are off.'),
    ([row(letter) for letter in 'abcde'], 'There are 5 words, but'),
    ([row('grass, ' * 5)], 'Word 1 has 35 letters, but'),
    ([row('cat'), row('Cat')], 'Words 1 and 2 both have "Cat".'),
    ([row('cat, pet'), row('dog, pet')], 'Words 1 and 2 both have "pet".'),
    ([row('cat'), row('dog, dog')], 'Word 2 has "dog" twice.'),
    ([row('cat; dog')], '"cat; dog", is several words.'),
    ([row('cat\ndog')], '"cat dog", is several words.'),
    ([row('12')], 'Word 1 has no letters in "12".'),
    ([row(',')], 'Word 1, ",", has no letters. Write'),
    ([row('cat'), row('lawn:')], 'Word 2, "lawn:", lacks a word before'),
    ([row(':lawn')], 'Word 1, ":lawn", lacks a word before'),
    ([row('background:')], 'Word 1, "background:", lacks a word'),
    ([row('/etc/passwd')], 'Word 1, "/etc/passwd", is the name of a file.'),
    ([row('voc20'), row('cat')], '"voc20" is read as the name of a list'),
    ([row('traffic_light')], '"traffic_light" is read as the name of a list'),
    ([row('\ud800a')], 'Word 1 has a character that cannot be read.'),
    ([row('a\0b')], 'Word 1 has a character that cannot be read.'),
    ([row('a\0')], 'Word 1 has a character that cannot be read.')])
def test_refused(rows, sentence):
    with pytest.raises(UserError) as error:
        read_words(rows, LIMITS)
    assert sentence in str(error.value)


def test_rows_to_change():
    """Numbers count what has text, on or off."""
    cat, dog = row('cat'), row('dog', on=False)
    for rows, numbers in (([cat, row(' '), row('Cat')], [1, 2]),
                          ([dog, cat, row('a\0')], [3])):
        with pytest.raises(RowError) as error:
            read_words(rows, LIMITS)
        assert error.value.rows == numbers


@pytest.mark.parametrize('rows', [
    None, '', 'cat', 5, {}, [None], ['cat'], [{}], [dict(text='cat')],
    [row(5)], [row('cat', 'red')], [row('cat', '#12345')],
    [row('cat', '#1234567')], [row('cat', '#12345g')], [row('cat', 5)],
    [row('cat', on='no')], [row('cat', on=None)], [[row('cat')]]])
def test_other_things_than_rows(rows):
    with pytest.raises(UserError, match='no words of this page'):
        read_words(rows, LIMITS)


def test_a_long_word_is_shortened_in_a_message():
    with pytest.raises(UserError) as error:
        read_words([row('x' * 300 + '.png')], Limits(max_letters=400))
    assert len(str(error.value)) < 150
