"""Contrast words of a background, and the option that asks for them."""
import numpy as np
import pytest

from mmseg_clipzs.utils import UserError, read_background
from mmseg_clipzs.vocabularies import available, contrast, get_vocabulary

SCLIP = (  # transcribed from the code of SCLIP, configs/cls_voc21.txt
    'sky, wall, tree, wood, grass, road, sea, river, mountain, sands, desk, '
    'bed, building, cloud, lamp, door, window, wardrobe, ceiling, shelf, '
    'curtain, stair, floor, hill, rail, fence').split(', ')


def background(classes):
    vocabulary = get_vocabulary(classes).with_contrast()
    assert vocabulary.classes[0] == 'background'
    return vocabulary.synonyms[0]


def gone(classes):
    """Words that the background lacks because of the classes."""
    left = background(classes)
    assert [word for word in SCLIP if word in left] == list(left)
    return {*SCLIP} - {*left}


def test_all_of_them():
    assert background('cat') == tuple(SCLIP)
    assert background('ladybug; sun, star') == tuple(SCLIP)
    assert set(contrast._RELATED) == set(SCLIP)


@pytest.mark.parametrize('word', SCLIP)
def test_each_word_is_left_out(word):
    """As a class or a synonym, in any case, plural or compound."""
    several = dict(grass='grasses', sands='sands', shelf='shelves').get(
        word, f'{word}s')
    for text in (word, f'cat; lawn, {word}', word.upper(), several,
                 f'white {several}', f'{word} in winter', f'old-{word}'):
        assert word in gone(text), text


@pytest.mark.parametrize('text, words', [
    ('shelves', 'shelf'), ('bookshelf; cat', 'shelf'), ('seagrass', 'grass'),
    ('grasses', 'grass'), ('sand', 'sands'), ('sky', 'sky cloud'),
    ('Clouds', 'sky cloud'), ('water', 'sea river'),
    ('house', 'wall building door window'), ('ladies; leaves', 'tree'),
    ('skyscraper', ''), ('carpet', 'floor'), ('seal; bedouin', ''),
    ('bus; glass; iris', ''), ('Straße; 猫', ''), ('doors, windows', (
        'door window'))])
def test_what_means_a_class(text, words):
    assert gone(text) == {*words.split()}


def test_a_list_with_a_background():
    """Its words stay and come first; nothing is added twice."""
    given = get_vocabulary('dog; background: wall, fog; sky')
    assert background(given)[:2] == ('wall', 'fog')
    assert 'tree' in background(given) and 'sky' not in background(given)
    voc21 = get_vocabulary('voc21')
    assert voc21.with_contrast() == voc21
    for name in available():
        if name.startswith(('ade20k150', 'coco_stuff')):  # all of them
            continue
        once = get_vocabulary(name).with_contrast()
        assert once.with_contrast() == once
        assert set(get_vocabulary(name).words) <= set(once.words)
        others = get_vocabulary(name).with_background()
        assert once.classes == others.classes
        assert once.synonyms[1:] == others.synonyms[1:]


def test_nothing_left():
    for classes in ('; '.join(SCLIP), 'ade20k150'):
        with pytest.raises(UserError, match='No contrast word is left'):
            get_vocabulary(classes).with_contrast()
    with pytest.raises(UserError, match='only class is "background"'):
        get_vocabulary('background').with_contrast()


@pytest.mark.parametrize('value, expected', [
    (None, (False, None)), ('auto', (True, None)), (' Auto ', (True, None)),
    (.5, (False, .5)), ('0.5', (False, .5)), ('auto,0.5', (True, .5)),
    ('auto, 1e-2', (True, .01)), (np.float32(.5), (False, .5))])
def test_backgrounds(value, expected):
    assert read_background(value) == expected


@pytest.mark.parametrize('value', [
    0, 1, -.1, 50, '50', '50%', 'half', '', ',', 'auto,', 'auto,2', 'autos',
    '0.5,auto', 'nan', float('inf'), True, ['auto'], b'auto'])
def test_what_is_no_background(value):
    with pytest.raises(UserError, match=r'^--background is a probability in '
                       r'\(0, 1\) .*"auto" .* but got ') as raised:
        read_background(value, '--background')
    assert repr(value) in str(raised.value)
