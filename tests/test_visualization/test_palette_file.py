"""Files of colours."""
import json

import pytest

from mmseg_clipzs.utils import UserError
from mmseg_clipzs.visualization import read_palette


@pytest.fixture
def write(tmp_path):
    def write(text, name='colours.txt'):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes)
                         else text.encode('utf-8'))
        return path
    return write


@pytest.mark.parametrize('text', [
    '# mine\ncat: #ff8800\n\na: b: 1, 2, 3\n  sky :lightblue \n',
    '\ufeffcat: rgb(255, 136, 0)\r\na: b: 1 2 3\r\nsky: #add8e6',
    json.dumps({'cat': [255, 136, 0], 'a: b': '1,2,3', 'sky': 'LightBlue'}),
    '# label:color_rgb:parts:actions\ncat:255,136,0::\na: b:1,2,3::\n'
    'sky:173,216,230:part,other:run\n',
    'cat: #f80\nCAT: #ff8800\na: b: 1,2,3\nsky: #add8e6',
])
def test_files(write, text):
    assert read_palette(write(text)) == {
        'cat': (255, 136, 0), 'a: b': (1, 2, 3), 'sky': (173, 216, 230)}


def test_a_text_instead_of_a_file():
    assert read_palette(' {"cat": "#ff8800", "a: b": [1, 2, 3]}') == {
        'cat': (255, 136, 0), 'a: b': (1, 2, 3)}
    for text, message in [('{"cat": "redd"}', "The palette: 'redd' is no"),
                          ('{', 'The palette is no JSON'),
                          ('{}', 'The palette has no colours')]:
        with pytest.raises(UserError, match=message):
            read_palette(text)


@pytest.mark.parametrize('text, message', [
    ('cat', "line 1: 'cat' is not \"name: colour\""),
    ('\ncat: redd', "line 2: 'redd' is no colour of 'cat'"),
    ('cat: 1, 2, 256', "'1, 2, 256' is no colour of 'cat'"),
    (': red', "': red' is not"),
    ('sun: rgb(300,2,3)', r"'rgb\(300,2,3\)' is no colour of 'sun'"),
    ('\nsun: hsl(0,300%,50%)', r"line 2: 'hsl\(0,300%,50%\)' is no colour"),
    ('cat: red\ndog: blue\nCat: green', "line 3: 'Cat' has another colour"),
    ('', 'has no colours; expected a text file'),
    ('# cat: red', 'has no colours'),
    ('{"cat": "red"', 'is no JSON'),
    ('[["cat", "red"]]', 'is a JSON list'),
    ('{"cat": [1, 2]}', r"\[1, 2\] is no colour of 'cat'"),
    ('{"cat": [1, 2, true]}', 'is no colour'),
    ('{"cat": {"a": 1}}', 'is no colour'),
    ('{"cat": null}', "None is no colour of 'cat'"),
    ('{"cat": "red", "cat": "blue"}', "'cat' has another colour"),
    (b'\xff\xfe\x00c', 'is not UTF-8 text'),
    (b'\x00' * 9, 'is no text'),
    (b'a' * (2**22 + 1), 'more than 4,194,304 bytes'),
    ('[' * 100000, 'is no JSON'),
])
def test_bad_files(write, text, message):
    with pytest.raises(UserError, match=message) as info:
        read_palette(write(text))
    assert 'colours.txt' in str(info.value)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='expected a palette'):
        read_palette(tmp_path / 'gone.txt')
    with pytest.raises(UserError, match='is a folder; expected a palette'):
        read_palette(tmp_path)
