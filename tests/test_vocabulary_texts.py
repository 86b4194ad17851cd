"""Texts, files and Python objects as classes: what each is taken for."""
import codecs
import os
import random
import unicodedata

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict

from mmseg_clipzs.utils import UserError
from mmseg_clipzs.vocabularies import available, get_vocabulary

WANTED = (('cat', ('cat', )), ('grass', ('grass', 'lawn')), ('sky', ('sky', )))


def named(classes):
    vocabulary = get_vocabulary(classes)
    return tuple(zip(vocabulary.classes, vocabulary.synonyms))


# -------------------------------------------------------------------- files
TEXT = '# a note\ncat\n\ngrass: grass, lawn\nsky\n'
FILES = {
    'words.txt': TEXT.encode(),
    'words.names': TEXT.encode(),
    'CLASSES.TXT': TEXT.encode(),
    'my words.csv': b'cat,\ngrass,lawn\n"sky"\n',
    'v1.2 of ours': TEXT.encode(),
    'bom.txt': codecs.BOM_UTF8 + TEXT.encode(),
    'notepad.txt': codecs.BOM_UTF16_LE + TEXT.encode('utf-16-le'),
    'big_endian.txt': codecs.BOM_UTF16_BE + TEXT.encode('utf-16-be'),
    'utf32.txt': codecs.BOM_UTF32_LE + TEXT.encode('utf-32-le'),
    'windows.txt': TEXT.replace('\n', '\r\n').encode(),
    'old_mac.txt': TEXT.replace('\n', '\r').encode(),
    'no_end.txt': TEXT.rstrip().encode(),
    'trailing.txt': b'cat;\ngrass, lawn,\n sky ; \n',
    'one_line.txt': b'cat; grass, lawn; sky',
    'wide.txt': 'cat；grass，lawn；sky'.encode(),
    'arabic.txt': 'cat؛ grass، lawn؛ sky'.encode(),
    'comments.txt': b'cat # tame\n  # wild\ngrass: grass, lawn # green\nsky',
    'spaces.txt': 'cat\xa0\n\u3000grass:grass,\u2009lawn\nsky\u202f'.encode(),
    'invisible.txt': 'c\u200bat\ngrass: gr\u00adass, \u2060lawn\n\ufeff# no\n'
                     '\u202askype'.replace('skype', 'sky\u202c').encode(),
}


@pytest.mark.parametrize('name', FILES)
def test_files(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(FILES[name])
    for given in (name, tmp_path / name, str(tmp_path / name), f'./{name}'):
        assert named(given) == WANTED
    assert get_vocabulary(name).source == (tmp_path / name).stem


BAD_FILES = {
    'latin.txt': ('cat\ncafé'.encode('latin-1'), 'line 2 does not fit'),
    'nul.txt': (b'cat\0\ndog', 'contains NUL'),
    'utf16_without_mark.txt': ('cat\ndog'.encode('utf-16-le'), 'contains NUL'),
    'picture.png': (b'\x89PNG\r\n\x1a\n\0\0', 'is not UTF-8 text'),
    'list.json': (b'["cat", "dog"]', 'looks like JSON'),
    'page.html': (b'<html>cat</html>', 'looks like JSON or markup'),
    'tabs.tsv': (b'cat\ndog\tpuppy', 'line 2: .* has columns'),
    'bell.txt': (b'cat\ndog\x07\n', r'line 2: .* character U\+0007'),
    'numbered.txt': (b'0 cat\n1 dog\n2 sky\n', 'lines of .* are numbered'),
    'counted.txt': (b'1. cat\n2. dog\n', 'are numbered'),
    'indices.csv': (b'0,cat\n1,dog\n', "needs letters, but got '0'"),
    'quotes.csv': (b'"door, screen"\nsky', "line 1: '\"door' begins with a"),
    'empty.txt': (b'', r'list of classes is empty \(empty\)'),
    'notes.txt': (b'# cat\n # dog', 'list of classes is empty'),
    'twice.txt': ('café\n'.encode() + 'cafe\u0301\n'.encode(),
                  "'café' occurs more than once in the list twice"),
    'other.txt': (b'cat\nmissing/list.csv\n', 'line 2: .* looks like a file'),
}


@pytest.mark.parametrize('name', BAD_FILES)
def test_bad_files(tmp_path, name):
    data, message = BAD_FILES[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UserError, match=message):
        get_vocabulary(str(tmp_path / name))


def test_what_is_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'huge.txt').touch()
    os.truncate('huge.txt', 2**40)
    (tmp_path / 'folder.txt').mkdir()
    os.mkfifo('pipe.txt')
    for name, message in (('huge.txt', 'bytes; expected a text file'),
                          ('folder.txt', 'is a folder; expected a text file'),
                          ('./', 'is a folder'), ('pipe.txt', 'named pipe'),
                          ('/dev/zero', 'is a device')):
        with pytest.raises(UserError, match=message):
            get_vocabulary(name)


@pytest.mark.parametrize('name', [
    'missing.txt', 'missing/list.csv', './words', '../words', '/words',
    '~/no such words', 'C:\\words', 'words\\list', 'https://x.org/words',
    'Words.NAMES', 'a list.yaml'])
def test_a_path_without_a_file(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match='No vocabulary file at'):
        get_vocabulary(name)
    for given in ([name, 'sky'], f'{name}; sky', f'sky; {name}',
                  [[name], 'sky'], dict(a=name, sky='sky')):
        with pytest.raises(UserError, match='looks like a file'):
            get_vocabulary(given)


@pytest.mark.parametrize('word', [
    'tv/monitor', '1.5 litre bottle', 'St. Bernard', 'U.S. flag', 'and/or',
    'no. 5', 'T-shirt', '4x4 car', 'Mr.Bean', 'a.m.', '90/60 table', 'toys',
    "driver's seat", 'C#', 'rock & roll', '6" nail', 'über-cat', '猫', 'قطة',
    'חתול', 'नमस्ते', 'می‌خواهم', '100% cotton', '@home', 'x~y'])
def test_words_that_are_no_paths(tmp_path, monkeypatch, word):
    monkeypatch.chdir(tmp_path)
    assert named(word) == ((word, (word, )), )
    assert named([word, 'sky']) == ((word, (word, )), ('sky', ('sky', )))


def test_a_word_that_is_also_a_file_or_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'cat').mkdir()
    assert named('cat') == (('cat', ('cat', )), )
    (tmp_path / 'dog').write_text('cat\nsky')
    with pytest.raises(UserError, match='is a word, but also a file here'):
        get_vocabulary('dog')
    assert named('./dog') == (('cat', ('cat', )), ('sky', ('sky', )))
    assert named('dog;') == (('dog', ('dog', )), )
    (tmp_path / 'voc20').write_text('cat')
    assert len(named('voc20')) == 20


# ------------------------------------------------------------------ strings
@pytest.mark.parametrize('text', [
    'cat; grass, lawn; sky', 'cat;grass,lawn;sky;',
    ' ;cat;; grass,, lawn,;sky',
    'cat；grass，\tlawn；\tsky', 'cat；grass、lawn；sky', 'cat؛grass،lawn؛sky',
    'cat;\n grass,\n lawn;\n sky\n', 'cat;\r\ngrass, lawn;\r\nsky\r\n',
    '\ufeffcat; grass\u200b, lawn; sky', 'cat; grass,\xa0lawn;\u3000sky',
    'cat; grass: grass, lawn; sky', 'cat; grass：grass，lawn; "sky"'])
def test_strings(text):
    assert named(text) == WANTED


@pytest.mark.parametrize('text, message', [
    ('cat\nsky', "contains a line break. \";\" or a new line of a file"),
    ('cat\u2028sky', 'contains a line break'),
    ('cat; do\0g', r'contains the control character U\+0000'),
    ('caf\udce9; dog', 'a character that is not UTF-8'),
    ('caf\ufffd; dog', 'a character that is not UTF-8'),
    ('\u200b; \u2060', 'list of classes is empty'),
    ('cat; 🐕', "A class needs letters, but got '🐕'"),
    ('voc2', "Unknown vocabulary 'voc2'. Did you mean voc2"),
    ('VOC20', 'Did you mean voc20'), ('coco_stuff', 'Did you mean coco_stuff'),
    ('cityscapes20', 'Did you mean cityscapes19'),
    ('no_such_list', "Unknown vocabulary 'no_such_list'. Choose one of"),
    ('voc20; sky', "'voc20' is the name of a vocabulary, not of a class"),
    (['voc20'], "'voc20' is the name of a vocabulary"),
    ('é; e\u0301', "class 'é' occurs more than once"),
    ('cat; c\u00adat', "class 'cat' occurs more than once"),
    ('red car; red  car', "'red car' occurs more than once"),
    ('"cat; dog"', 'begins with a quotation mark'),
    (': cat; dog', "A class needs letters, but got ''"),
    (['cat; dog', 'sky'], "'cat; dog' is one class, but \";\" separates"),
    (['cat；dog', 'sky'], 'is one class'),
    (dict(pet='cat; dog'), 'is one class')])
def test_bad_strings(text, message):
    with pytest.raises(UserError, match=message):
        get_vocabulary(text)


# ------------------------------------------------------------------ objects
@pytest.mark.parametrize('given', [
    ['cat', 'grass, lawn', 'sky'], ('cat', ['grass', 'lawn'], ('sky', )),
    (name for name in ('cat', 'grass, lawn', 'sky')),
    np.array(['cat', 'grass, lawn', 'sky']),
    np.array(['cat', 'grass, lawn', 'sky'], dtype=object),
    np.str_('cat; grass, lawn; sky'),
    {'cat': 1, 'grass, lawn': 2, 'sky': 3}.keys(),
    dict(cat='cat', grass='grass, lawn', sky=['sky']),
    ConfigDict(cat=['cat'], grass=('grass', 'lawn'), sky='sky'),
    dict(cat=np.array(['cat']), grass=np.array(['grass', 'lawn']), sky='sky'),
    ['cat', 'grass: grass, lawn', np.str_('sky')]])
def test_objects(given):
    read = named(given)
    assert read == WANTED
    assert {type(word) for _, words in read for word in words} == {str}


@pytest.mark.parametrize('given, message', [
    ({'cat', 'sky'}, 'A set of classes has no order'),
    (frozenset(['cat', 'sky']), 'A set of classes has no order'),
    (None, 'but got None'), (5, 'but got 5'), (True, 'but got True'),
    (2.5, 'but got 2.5'), (b'cat; sky', "but got b'cat; sky'"),
    (np.array('cat'), 'but got array'), (object, 'but got <class'),
    (['cat', None], 'name or a list of synonyms, but got None'),
    (['cat', 3], 'but got 3'), (['cat', float('nan')], 'but got nan'),
    (['cat', b'sky'], "but got b'sky'"), (['cat', {'sky'}], "but got {'sky'}"),
    (['cat', ['sky', None]], r"but got \['sky', None\]"),
    (['cat', [['sky']]], r"but got \[\['sky'\]\]"),
    (torch.zeros(3), 'but got 0.0'), (np.zeros((2, 2)), 'but got'),
    ({0: 'cat', 1: 'sky'}, 'has their names as keys, but got 0'),
    (dict(cat=None), 'but got None'), (dict(cat={'cat': 1}), 'but got {'),
    ({}, 'list of classes is empty'), (iter(()), 'list of classes is empty'),
    (np.array([], dtype=str), 'list of classes is empty')])
def test_bad_objects(given, message):
    with pytest.raises(UserError, match=message):
        get_vocabulary(given)


def test_an_open_file(tmp_path):
    (tmp_path / 'words.txt').write_text('cat\nsky')
    with open(tmp_path / 'words.txt') as file, pytest.raises(
            UserError, match='the path of a file, but got'):
        get_vocabulary(file)


def test_indices():
    vocabulary = get_vocabulary('cat; dog; sky')
    assert vocabulary.indices(['sky', 'cat']) == [0, 2]
    assert vocabulary.indices('dog') == [1]
    assert vocabulary.indices('all') == [0, 1, 2]
    with pytest.raises(UserError, match="'dgo' is not a class .*mean dog"):
        vocabulary.indices(['cat', 'dgo'])
    with pytest.raises(UserError, match='are a list of names or "all", but'):
        vocabulary.indices(3)


# --------------------------------------------------------------- invariants
def random_word(rng):
    letters = 'abcxyzäöüéñßœž猫狗空天κόσμεдомбקطة-\'&.0123'
    while True:
        word = ''.join(rng.choices(letters, k=rng.randint(1, 9)))
        clean = unicodedata.normalize('NFC', word)
        if any(map(str.isalpha, word)) and word == clean == word.strip():
            return word


@pytest.mark.parametrize('seed', range(20))
def test_all_forms_of_a_list_are_one_vocabulary(tmp_path, seed):
    rng = random.Random(seed)
    words = list(dict.fromkeys(random_word(rng) for _ in range(40)))
    classes = []
    while words:
        classes.append([words.pop() for _ in range(
            min(rng.randint(1, 4), len(words)))])
    want = get_vocabulary(classes)
    joined = [', '.join(each) for each in classes]
    path = tmp_path / 'words.txt'
    path.write_text('\n'.join(joined), encoding='utf-8')
    for given in (joined, iter(joined), '; '.join(joined), path,
                  want.to_dict()):
        again = get_vocabulary(given)
        assert (again.classes, again.synonyms) == (
            want.classes, want.synonyms)
    assert [want.words[i] for each in want.word_indices for i in each] == [
        word for each in want.synonyms for word in each]


def test_shipped_lists_are_texts_as_well():
    for name in available():
        if name in ('coco_object81_sclip', 'coco_object81_lposs'):
            continue  # a word of two classes
        vocabulary = get_vocabulary(name)
        assert named('; '.join(
            f'{label}: {", ".join(words)}' for label, words in zip(
                vocabulary.classes, vocabulary.synonyms))) == tuple(
                    zip(vocabulary.classes, vocabulary.synonyms))
