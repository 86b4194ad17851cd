"""tools/prepare_captions.py."""

import pytest

from mmseg_clipzs.datasets.image_text.lists import read_list


@pytest.mark.parametrize('kind', ['json', 'jsonl', 'parquet'])
def test_nouns_are_added(kind, call, pairs, tmp_path):
    out = tmp_path / f'nouns.{kind}'
    printed = call('prepare_captions', pairs / 'captions.json', '--out', out,
                   '--words', 'cat; dog')
    assert printed == (f'{out}: 72 images, 144 nouns (2.00 per image), '
                       '0 images without nouns\n')
    assert read_list(out) == [
        dict(row, nouns=['cat', 'dog'])
        for row in read_list(pairs / 'captions.json')]


def test_csv(call, tmp_path):
    (tmp_path / 'list.csv').write_text(
        'image,caption\n1.jpg,two cats and a dog\n2.jpg,nothing\n3.jpg,\n')
    printed = call('prepare_captions', tmp_path / 'list.csv', '--out',
                   tmp_path / 'list.csv', '--words', 'cat; dog')
    assert '3 images, 2 nouns (0.67 per image), 2 images' in printed
    assert (tmp_path / 'list.csv').read_text().splitlines()[1:] == [
        '1.jpg,two cats and a dog,cat;dog', '2.jpg,nothing,', '3.jpg,,']
    # An empty field means no nouns, not unknown nouns.
    assert read_list(tmp_path / 'list.csv')[1]['nouns'] == []


def test_other_files_are_not_replaced(call, tmp_path):
    """Nor is the list itself, if damaged rows would be lost."""
    path, out = tmp_path / 'list.jsonl', tmp_path / 'out.json'
    path.write_text('{"image": "1.jpg", "caption": "a cat"}\n{"image"\n')
    out.write_text('mine')
    for target, message in ((out, 'out.json exists and is left alone'),
                            (path, 'Row 2 of .* is no JSON.* would lose it')):
        with pytest.raises(SystemExit, match=message):
            call('prepare_captions', path, '--out', target, '--words', 'cat')
    assert out.read_text() == 'mine' and path.read_text().count('image') == 2
    out.unlink()
    with pytest.raises(SystemExit, match='1 of 2 rows was skipped.*Row 2'):
        call('prepare_captions', path, '--out', out, '--words', 'cat')
    assert [row['nouns'] for row in read_list(out)] == [['cat']]


@pytest.mark.parametrize('source, message', [
    ('no.json', 'error: No list of images and captions at no.json'),
    ('no.txt', 'error: A list of images and captions must be one of'),
])
def test_bad_input(source, message, call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=message):
        call('prepare_captions', source, '--out', 'x.json', '--words', 'a')
    assert not list(tmp_path.iterdir())


def test_tagger_without_data(call, pairs, tmp_path, monkeypatch):
    nltk = pytest.importorskip('nltk')
    monkeypatch.setattr(nltk.data, 'path', [str(tmp_path)])
    with pytest.raises(SystemExit, match='error: .*nltk.downloader.*--words'):
        call('prepare_captions', pairs / 'captions.json', '--out',
             tmp_path / 'x.json')
    assert not list(tmp_path.iterdir())
