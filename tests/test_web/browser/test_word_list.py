"""The list of words, used with a keyboard and a pointer."""
import pytest

gradio = pytest.importorskip('gradio', reason='Gradio is not installed')

from mmseg_clipzs.web.components import Words  # noqa: E402
from mmseg_clipzs.web.limits import Limits  # noqa: E402
from mmseg_clipzs.web.words import make_rows  # noqa: E402

LIMITS = Limits(max_words=6)
# Of what another could have written.
EXAMPLE = ['<b>tree</b>', '${x}, {{y}} "q"']


@pytest.fixture(scope='module')
def address():
    """Serves a list, with what its handlers get as text beside it."""
    with gradio.Blocks(analytics_enabled=False) as blocks:
        words = Words(make_rows(['grass, lawn', 'sky', 'cat']), limits=LIMITS)
        seen = gradio.Textbox(elem_id='seen')
        words.change(lambda rows: ' | '.join(
            f'{row["text"]} {row["colour"]} {"on" if row["on"] else "off"}'
            for row in rows), words, seen)
        gradio.Button('Example').click(
            lambda: make_rows(EXAMPLE), None, words)
    _, url, _ = blocks.launch(prevent_thread_lock=True, quiet=True,
                              ssr_mode=False)
    yield url
    blocks.close(verbose=False)


@pytest.fixture
def page(visit, address):
    page = visit().page
    page.goto(address)
    page.get_by_label('Word 3', exact=True).wait_for()
    return page


def wait_for(page, *texts, part='text'):
    """Waits until a handler has got rows with these texts, in this order."""
    index = dict(text=0, colour=-2, on=-1)[part]
    page.wait_for_function(
        '''([texts, index]) => JSON.stringify(
            document.querySelector('#seen textarea').value.split(' | ').map(
                row => index ? row.split(' ').at(index)
                    : row.split(' ').slice(0, -2).join(' '))
        ) === JSON.stringify(texts)''', arg=[list(texts), index])


def shown(page):
    return page.locator('.words-text').evaluate_all(
        'inputs => inputs.map(input => input.value)')


def focused(page):
    return page.evaluate('document.activeElement.ariaLabel')


def test_words_are_typed_and_pasted(page):
    page.get_by_label('Word 3', exact=True).press('Enter')
    assert focused(page) == 'Word 4'
    page.keyboard.type('dog')
    page.keyboard.press('Enter')
    wait_for(page, 'grass, lawn', 'sky', 'cat', 'dog')
    assert focused(page) == 'Word 5'
    page.evaluate('''() => {
        const clipboardData = new DataTransfer();
        clipboardData.setData('text/plain', 'sea, water; tree\\nrock; snow');
        document.activeElement.dispatchEvent(new ClipboardEvent(
            'paste', {clipboardData, bubbles: true, cancelable: true}));
    }''')
    wait_for(page, 'grass, lawn', 'sky', 'cat', 'dog', 'sea, water', 'tree')
    assert page.locator('.words-note').inner_text() == (
        'Up to 6 words fit; 2 were left out.')
    wait_for(page, *(row['colour'] for row in make_rows(
        ['grass', 'sky', 'cat', 'dog', 'sea', 'tree'])), part='colour')


def test_the_focus_stays_at_what_is_used(page):
    page.get_by_label('Move sky up').focus()
    page.keyboard.press('Enter')
    wait_for(page, 'sky', 'grass, lawn', 'cat')
    assert focused(page) == 'Move sky up'
    assert page.locator('.words-note').inner_text() == (
        'Moved sky to place 1 of 3.')
    page.get_by_label('Remove grass').focus()
    page.keyboard.press('Enter')
    wait_for(page, 'sky', 'cat')
    assert focused(page) == 'Remove cat'
    page.get_by_label('Look for cat').press('Space')
    wait_for(page, 'on', 'off', part='on')
    assert focused(page) == 'Look for cat'


def test_an_edit_goes_on_meanwhile(page):
    text = page.get_by_label('Word 1', exact=True)
    text.press('End')
    page.keyboard.type(',')  # more is to come
    page.get_by_label('Look for sky').evaluate('box => box.click()')
    wait_for(page, 'on', 'off', 'on', part='on')
    wait_for(page, 'grass, lawn', 'sky', 'cat')  # the edit goes on
    page.keyboard.type(' meadow')
    page.keyboard.press('Tab')
    wait_for(page, 'grass, lawn, meadow', 'sky', 'cat')


def test_what_is_typed_counts_after_a_pause(page):
    page.evaluate('''() => {
        window.sent = 0;
        const {fetch} = window;
        window.fetch = (url, ...more) => {
            window.sent += String(url).includes('queue/join');
            return fetch(url, ...more);
        };
    }''')
    text = page.get_by_label('Word 1', exact=True)
    text.press('Control+A')
    page.keyboard.type('meadow ')
    page.keyboard.press('ArrowLeft')
    wait_for(page, 'meadow', 'sky', 'cat')
    assert focused(page) == 'Word 1'
    assert text.evaluate('text => [text.value, text.selectionStart]') == [
        'meadow ', 6]
    page.keyboard.press('Tab')  # says nothing new
    page.get_by_label('Look for sky').press('Space')
    wait_for(page, 'on', 'off', 'on', part='on')
    assert page.evaluate('window.sent') == 2
    text.press('Enter')
    assert page.evaluate('getSelection().toString()') == 'sky'


def test_refused_words_are_marked(page):
    first, second = (page.get_by_label(f'Word {number}', exact=True)
                     for number in (1, 2))
    marked = page.locator('.words-text[aria-invalid=true]')
    first.fill('x' * (LIMITS.max_letters + 1))
    first.press('Tab')
    marked.wait_for()
    assert marked.get_attribute('aria-label') == 'Word 1'
    first.fill('Sky')
    first.press('Tab')
    marked.nth(1).wait_for()
    second.fill('sea')
    second.press('Tab')
    marked.first.wait_for(state='detached')


def test_rows_are_dragged(page):
    grips = page.locator('.words-grip')
    start, end = grips.nth(0).bounding_box(), grips.nth(2).bounding_box()
    page.mouse.move(start['x'] + 5, start['y'] + 5)
    page.mouse.down()
    page.mouse.move(end['x'] + 5, end['y'] + end['height'], steps=4)
    page.mouse.up()
    wait_for(page, 'sky', 'cat', 'grass, lawn')
    page.mouse.move(start['x'] + 5, start['y'] + 5)
    page.mouse.down()
    page.mouse.move(end['x'] + 5, end['y'] + end['height'], steps=4)
    assert shown(page) == ['cat', 'grass, lawn', 'sky']
    page.keyboard.press('Escape')
    assert shown(page) == ['sky', 'cat', 'grass, lawn']
    page.mouse.up()


def test_rows_from_python_are_text(page):
    page.get_by_role('button', name='Example').click()
    wait_for(page, *EXAMPLE)
    assert shown(page) == EXAMPLE
    assert page.get_by_label('Move <b>tree</b> down').count() == 1
    assert page.locator('.words b').count() == 0
