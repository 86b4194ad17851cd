"""Colours of the rows of words, which the browser gives to the answers."""
import pytest
from page_client import PageClient

pytest.importorskip('gradio', reason='Gradio is not installed')

from mmseg_clipzs.web.events import RECOLOUR  # noqa: E402
from mmseg_clipzs.web.words import make_rows  # noqa: E402

NEW = ['#111111', '#222222', '#333333', '#444444']


@pytest.fixture
def recolour(visit):
    """Runs the page's script: ``recolour(rows, value)``."""
    page = visit().page
    return lambda rows, value: page.evaluate(
        f'([rows, value]) => ({RECOLOUR})(rows, value)', [rows, value])


@pytest.fixture
def ask(app):
    """Segments the first example: ``ask(rows, contrast, threshold)``."""
    with PageClient(app.address) as client:
        client.fire('load')

        def value(rows, contrast=False, threshold=0):
            client.set('words', rows)
            client.set('contrast', contrast)
            client.set('background', threshold)
            client.fire('input', 'words')
            assert client.prop('message') == ''
            return client.prop('viewer')

        yield value


def colours(value):
    """dict[str, str]: Of the classes, by name."""
    answer, = value['answers']
    return {each['name']: each['colour'] for each in answer['classes']}


def with_new(rows):
    return [{**row, 'colour': colour} for row, colour in zip(rows, NEW)]


@pytest.mark.parametrize('texts, names', [
    (['zebra', 'background', 'sea, blue sea'], ['zebra', 'background', 'sea']),
    (['zebra', 'the  sea: sea', 'Background'],
     ['zebra', 'the sea', 'background']),
    (['zebra', 'sea', 'sand'], ['zebra', 'sea', 'sand'])])
def test_each_class_has_the_colour_of_its_row(ask, recolour, texts, names):
    """Also where a background is there, or comes in another place."""
    rows = make_rows(texts)
    for settings in ((), (True, ), (False, .5)):
        value = ask(rows, *settings)
        for given, shown in ((rows, value), (
                with_new(rows), recolour(with_new(rows), value))):
            seen = colours(shown)
            assert [seen[name] for name in names] == [
                row['colour'] for row in given]
            assert set(seen) <= {'background', *names}


def test_a_row_that_is_off_does_not_count(ask, recolour):
    rows = make_rows(['sand', 'zebra', 'sea'])
    rows[0]['on'] = False
    assert colours(recolour(with_new(rows), ask(rows))) == {
        'zebra': NEW[1], 'sea': NEW[2]}


def test_an_answer_to_other_rows_stays_as_it_is(ask, recolour):
    zebra, sea, sand, leaf = make_rows(['zebra', 'sea', 'sand', 'leaf'])
    value = ask([zebra, sea, sand])
    for rows in ([sea, zebra, sand], [{**zebra, 'on': False}, sea, sand],
                 [sea, sand], [{**zebra, 'text': 'sea'}, sea, sand],
                 [{**zebra, 'text': 'sea'}, {**sea, 'on': False}, sand],
                 [zebra, sea, sand, leaf], []):
        assert recolour(with_new(rows), value) == value


def test_words_that_are_only_written_otherwise(ask, recolour):
    """The classes stay the same, and so does what is computed."""
    for text in ('sea,blue sea', 'sea, blue sea'):
        rows = make_rows(['zebra', text])
        assert colours(recolour(with_new(rows), ask(rows))) == {
            'zebra': NEW[0], 'sea': NEW[1]}


def test_nothing_is_shown_yet(recolour):
    assert recolour(make_rows(['sea']), None) is None
