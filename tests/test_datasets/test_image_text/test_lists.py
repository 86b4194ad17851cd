import json
import os
import sys
from pathlib import Path

import pyarrow.parquet
import pytest

from mmseg_clipzs.datasets.image_text.lists import (
    captions_of,
    image_path,
    read_list,
    write_list,
)
from mmseg_clipzs.datasets.images import ImageReadError
from mmseg_clipzs.utils import UserError

KINDS = ('.csv', '.json', '.jsonl', '.parquet')
ROWS = [dict(image='a/1.jpg', caption='a cat, and "a dog"\non grass',
             nouns=['cat', 'dog'], id='x'),
        dict(image='2.jpg', caption='Käse', nouns=['Käse'], id='y')]


@pytest.mark.parametrize('kind', KINDS)
def test_read_back(kind, tmp_path):
    """All keys, including unknown ones."""
    write_list(ROWS, tmp_path / f'list{kind}')
    assert read_list(tmp_path / f'list{kind}') == ROWS
    assert [p.name for p in tmp_path.iterdir()] == [f'list{kind}']


@pytest.mark.parametrize('kind', KINDS[1:])
def test_several_captions(kind, tmp_path):
    rows = [dict(image='1.jpg', captions=['a cat', 'a dog'])]
    write_list(rows, tmp_path / f'list{kind}')
    assert read_list(tmp_path / f'list{kind}') == rows


def test_parquet_of_other_software(tmp_path):
    """Missing values are null."""
    pyarrow.parquet.write_table(pyarrow.table(dict(
        image=['1.jpg', '2.jpg'], caption=['a', None],
        nouns=[['n'], None])), tmp_path / 'list.parquet')
    rows = read_list(tmp_path / 'list.parquet')
    assert rows == [dict(image='1.jpg', caption='a', nouns=['n']),
                    dict(image='2.jpg', caption=None, nouns=None)]


def test_csv_of_other_software(tmp_path):
    """Byte order mark, Windows line endings, spaces around nouns."""
    (tmp_path / 'list.csv').write_bytes(
        '\ufeffcaption,image,nouns\r\n"a, b",1.jpg, x ;y;\r\n'.encode())
    assert read_list(tmp_path / 'list.csv') == [
        dict(caption='a, b', image='1.jpg', nouns=['x', 'y'])]


@pytest.mark.parametrize('row, captions', [
    (dict(caption=' a cat '), ['a cat']),
    (dict(caption=''), []),
    (dict(caption=None), []),
    (dict(captions=['', ' ', 'a', None, 3, 'b']), ['a', 'b']),
    (dict(captions=[], caption='a'), ['a']),
    (dict(captions='a'), ['a']),
])
def test_captions_of(row, captions):
    assert captions_of(row) == captions


@pytest.mark.parametrize('name, content, message', [
    ('list.txt', 'x', r'one of .csv, .json, .jsonl, .parquet, but got .*txt'),
    ('list.csv', 'image,text\n1.jpg,a\n', "Row 1 of .* but got .*'text'"),
    ('list.csv', 'caption\na\n', 'Row 1 of .* must have image, caption'),
    ('list.json', '[{"image": "1.jpg"}]', 'Row 1 of .* must have image'),
    ('list.json', '{"images": []}', 'must be a list of rows'),
    ('list.json', '[{"image"', 'list.json cannot be read'),
    ('list.json', '["1.jpg"]', 'Row 1 of .* but got 1.jpg'),
    ('list.jsonl', '{"image"\n', 'Row 1 of .*list.jsonl is no JSON'),
    ('list.json', '[' * 100000, 'list.json cannot be read: .*recursion'),
    ('list.json', '[' + '9' * 5000 + ']', 'list.json cannot be read: '),
    ('list.json', '[]', 'list.json has no rows'),
    ('list.csv', '', 'list.csv has no rows'),
    ('list.csv', 'image,caption\n', 'list.csv has no rows'),
    ('list.jsonl', '\n', 'list.jsonl has no rows'),
    ('list.parquet', 'not parquet', 'list.parquet cannot be read'),
])
def test_bad_lists(name, content, message, tmp_path):
    (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match=message):
        read_list(tmp_path / name)


def test_damaged_rows_are_skipped_and_named(tmp_path, log):
    path = tmp_path / 'list.jsonl'
    path.write_text('\n'.join([
        '\ufeff{"image": "1.jpg", "caption": "a"}', '{"image"', '[' * 100000,
        '{"image": 5, "caption": "a"}', '{"image": "1.jpg"}',
        '{"image": "1.jpg", "captions": {"a": 1}}',
        '{"image": "1.jpg", "caption": "a", "nouns": 5}',
        '{"image": "1.jpg", "caption": "a", "nouns": [["x"]]}',
        r'{"image": "1.jpg", "caption": "\ud800"}',
        '{"image": "2.jpg", "caption": NaN, "nouns": NaN}']))
    skipped = []
    rows = read_list(path, skipped)
    assert [row['image'] for row in rows] == ['1.jpg', '2.jpg']
    assert captions_of(rows[1]) == [] and rows[1]['nouns'] is None
    assert [f'Row {i} of ' in text for i, text in enumerate(skipped, 2)
            ] == [True] * 8
    assert not log
    assert len(read_list(path)) == 2
    assert sum('8 of 10 rows are skipped: Row 2' in line for line in log) == 1


def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / 'pipe.json')
    with pytest.raises(UserError, match='pipe.json is a named pipe'):
        read_list(tmp_path / 'pipe.json')
    with pytest.raises(UserError, match='is a file, but got None'):
        read_list(None)


@pytest.mark.parametrize('kind', ['.json', '.jsonl'])
def test_text_that_is_no_unicode_is_kept(kind, tmp_path):
    """Names of files may be such; JSON can hold them."""
    rows = [dict(image='caf\udce9.jpg', caption='Käse')]
    write_list(rows, tmp_path / f'x{kind}')
    assert read_list(tmp_path / f'x{kind}') == rows
    with pytest.raises(UserError, match='cannot hold a text of the list'):
        write_list(rows, tmp_path / 'x.csv')
    assert not (tmp_path / 'x.csv').exists()


@pytest.mark.parametrize('image, inside', [
    ('1.jpg', True), ('a/../1.jpg', True), ('/elsewhere/1.jpg', True),
    ('..a/1.jpg', True), ('../1.jpg', False), ('a/../../1.jpg', False),
    ('./../b/1.jpg', False)])
def test_image_path(image, inside):
    if inside:
        assert image_path('/photos/b', image) == Path('/photos/b') / image
    else:
        with pytest.raises(ImageReadError, match='is outside of /photos/b'):
            image_path('/photos/b', image)


def test_missing_list(tmp_path):
    with pytest.raises(UserError, match='No list of images and captions at'):
        read_list(tmp_path / 'list.json')


def test_csv_has_one_caption_per_row(tmp_path):
    with pytest.raises(UserError, match='a single caption per row'):
        write_list([dict(image='1.jpg', captions=['a'])], tmp_path / 'x.csv')
    assert not list(tmp_path.iterdir())


def test_a_failed_write_keeps_the_old_list(tmp_path):
    (tmp_path / 'x.json').write_text(json.dumps(ROWS))
    with pytest.raises(TypeError):
        write_list([dict(image=object())], tmp_path / 'x.json')
    assert read_list(tmp_path / 'x.json') == ROWS


def test_missing_pyarrow(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'pyarrow.parquet', None)
    (tmp_path / 'x.parquet').touch()
    with pytest.raises(UserError, match=(
            r'needs pyarrow, .* pip install "mmseg_clipzs\[train\]"')):
        read_list(tmp_path / 'x.parquet')
