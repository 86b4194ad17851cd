"""clipzs vocabularies: lists, words, templates."""
import pytest

from mmseg_clipzs.cli import run_command
from mmseg_clipzs.clip import TEMPLATE_SETS
from mmseg_clipzs.vocabularies import (
    available,
    contrast,
    describe,
    get_vocabulary,
)
from mmseg_clipzs.vocabularies.files import read_file


@pytest.fixture
def lines(capsys):
    """``clipzs vocabularies ARGUMENTS``: the lines it prints."""
    def run(*arguments):
        run_command('vocabularies', arguments, lambda: None)
        return capsys.readouterr().out.splitlines()

    return run


def test_all_lists(lines):
    rows = lines()
    assert [row.split()[0] for row in rows] == available()
    for row, name in zip(rows, available()):
        vocabulary = get_vocabulary(name)
        assert f' {len(vocabulary.classes)} classes, ' in row
        assert f' {len(vocabulary.words)} words: {describe(name)}' in row
        assert describe(name).endswith('.') and '#' not in describe(name)


@pytest.mark.parametrize('name', available())
def test_words_of_a_list_are_a_file(lines, name, tmp_path):
    path = tmp_path / 'mine.txt'
    path.write_text('\n'.join(lines(name)), encoding='utf-8')
    vocabulary = get_vocabulary(name)
    assert read_file(path) == list(zip(
        vocabulary.classes, vocabulary.synonyms))
    if not vocabulary.has_shared_words:  # which only shipped lists may have
        assert lines(str(path)) == lines(name)


def test_words_of_an_own_list(lines):
    assert lines('cat; pet: dog, hamster; grass, lawn') == [
        'cat', 'pet: dog, hamster', 'grass: grass, lawn']
    background, cat = lines('cat', '--background', 'auto')
    assert cat == 'cat'
    assert background == 'background: ' + ', '.join(
        contrast.contrast_words(['cat']))
    assert lines('cat', '--background', '0.5') == ['background:', 'cat']


def test_a_word_that_is_nearly_a_list(lines, capsys):
    run_command(
        'vocabularies', ['voc', '--background', '.5'], lambda: None)
    out, err = capsys.readouterr()
    assert out == 'background:\nvoc\n'
    assert err.startswith("'voc' is no list, but a class. Did you mean voc2")
    assert lines('voc;') == ['voc']


def test_templates(lines):
    assert [row.partition(':')[0] for row in lines('--templates')] == list(
        TEMPLATE_SETS)
    for name, templates in TEMPLATE_SETS.items():
        assert lines('--templates', name) == list(templates)


@pytest.mark.parametrize('arguments, code, message', [
    (['voc_20'], 1, "Unknown vocabulary 'voc_20'. Did you mean voc20"),
    (['voc'], 1, "There is no list 'voc'. Did you mean voc2"),
    (['nope'], 1, 'There is no list \'nope\'. clipzs vocabularies lists all; '
     '"nope;" is a list of one class.'),
    (['gone.txt'], 1, 'No vocabulary file at gone.txt'),
    (['cat; cat'], 1, "'cat' occurs more than once"),
    (['ade20k150', '--background', 'auto'], 1, 'No contrast word is left'),
    (['--templates', 'imagenet'], 1, "Unknown template set 'imagenet'"),
    (['--background', 'auto'], 2, '--background needs a list of classes'),
    (['cat', '--background', '50'], 2, '--background is a probability'),
    (['cat', '--templates', 'single'], 2, 'do not go together'),
    (['cat', 'dog'], 2, 'unrecognized arguments: dog')])
def test_mistakes(lines, capsys, arguments, code, message):
    with pytest.raises(SystemExit) as raised:
        lines(*arguments)
    said = str(raised.value) + capsys.readouterr().err
    assert message in said
    assert raised.value.code == 2 or (
        code == 1 and said.startswith('error: '))
