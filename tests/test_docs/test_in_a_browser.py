"""The site opened from its folder, in Chromium, without a server."""
import pytest
from browsing import open_browser, visiting

pytestmark = pytest.mark.slow
SIZES = dict(desk=(1440, 900), phone=(390, 844))


@pytest.fixture(scope='module')
def browser():
    with open_browser() as found:
        yield found


@pytest.fixture
def visit(browser, site):
    """Open a page; nothing leaves the machine and nothing fails."""
    def go(name, size='desk', **options):
        width, height = SIZES[size]
        page = open_visit(
            viewport=dict(width=width, height=height), **options).page
        page.goto((site / name).as_uri())
        return page

    with visiting(browser) as open_visit:
        yield go


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_pages_fit_and_ask_for_nothing(visit, size, scheme):
    page = visit('index.html', size, color_scheme=scheme)
    dark = page.evaluate('getComputedStyle(document.body).backgroundColor')
    assert (sum(map(int, dark[4:-1].split(','))) < 384) == (scheme == 'dark')
    for name in ('figures', 'methods/naclip', 'recipes', 'api/models'):
        page.goto(page.url.rpartition('/site/')[0] + f'/site/{name}.html')
        assert page.evaluate(
            'document.documentElement.scrollWidth') <= SIZES[size][0], name


def test_search_works_from_a_folder(visit):
    page = visit('start.html')
    # Keys, as the theme waits for them.
    page.get_by_placeholder('Search').press_sequentially(
        'background threshold')
    hit = page.locator('.md-search-result__link').first
    hit.wait_for()
    assert 'html' in hit.get_attribute('href')


def shown(page, column=0):
    rows = page.locator('.figures tbody tr:visible')
    return rows.locator(f'td:nth-child({column + 1})').all_inner_texts()


def lines(page):
    return int(page.locator('.figures output').inner_text().split()[0])


def test_the_table_sorts_and_filters(visit):
    page = visit('figures.html')
    protocol, needs = (page.get_by_role('combobox', name=name)
                       for name in ('Protocol', 'Needs'))
    assert protocol.input_value() == 'B (SCLIP line)'
    assert lines(page) == len(shown(page)) > 40
    first = [float(text.strip('†‡')) for text in shown(page, 2) if text]
    assert first == sorted(first, reverse=True) and len(first) > 30

    needs.select_option('CLIP alone')
    assert set(shown(page, 14)) == {'CLIP alone'}
    page.get_by_role('button', name='ade20k').click()
    figures = [float(text.strip('†‡')) for text in shown(page, 10) if text]
    assert figures == sorted(figures, reverse=True)
    page.get_by_role('button', name='ade20k').click()
    assert [float(text.strip('†‡')) for text in shown(page, 10) if text
            ] == figures[::-1]

    for name in ('coco_object', 'voc', 'context', 'coco_stuff', 'cityscapes',
                 'ade20k'):
        page.get_by_role('checkbox', name=name, exact=True).uncheck()
    page.get_by_role('searchbox', name='Method').fill('naclip + pamr')
    name, mean, voc21, context60 = (
        shown(page, column) for column in (0, 2, 3, 4))
    assert (name, mean, voc21, context60) == (
        ['NACLIP + PAMR'], ['49.5'], ['64.1'], ['35.0'])
    assert page.get_by_role('button', name='mean of those shown').is_visible()

    page.get_by_role('searchbox', name='Method').fill('no such method')
    said = page.locator('.figures output').inner_text()
    assert 'No row matches' in said and 'B (SCLIP line)' in said
    page.get_by_role('searchbox', name='Method').fill('')
    needs.select_option('')
    protocol.select_option('toy')
    assert {'here'} == set(shown(page, 12)) and lines(page) > 5
    # Nothing but the toy scenes has figures: sorted by them.
    assert page.locator('.figures th:visible').all_inner_texts()[:3] == [
        'method', 'CLIP', 'toy']
    figures = [float(text) for text in shown(page, 11)]
    assert figures == sorted(figures, reverse=True)


def test_means_keep_their_marks(visit):
    page = visit('figures.html')
    page.get_by_role('checkbox', name='ade20k').uncheck()
    page.get_by_role('searchbox', name='Method').fill('trident')
    means = shown(page, 2)
    assert means and all(each.endswith('†‡') for each in means)


@pytest.mark.parametrize('size', SIZES)
def test_the_first_column_and_the_heading_stay(visit, size):
    page = visit('figures.html', size)
    page.locator('.figures .md-typeset__scrollwrap').wait_for()

    def places():
        return page.evaluate('''() => ['thead th', 'tbody tr:not([hidden]) td']
            .map(name => document.querySelector('.figures ' + name)
                .getBoundingClientRect())
            .map(box => [box.x, box.y])''')

    before = places()
    moved = page.evaluate('''() => {
        const wrap = document.querySelector('.figures .md-typeset__scrollwrap')
        wrap.scrollTo(200, 300)
        return [wrap.scrollLeft, wrap.scrollTop]}''')
    assert moved[1] == 300 and (moved[0] == 200 or size == 'desk')
    (head, cell), (old_head, old_cell) = places(), before
    assert head[1] == pytest.approx(old_head[1], abs=1)
    assert cell[1] == pytest.approx(old_cell[1] - 300, abs=1)
    assert head[0] == cell[0] <= old_cell[0]
    if moved[0]:  # the padding of the wrapper at most
        assert old_cell[0] - cell[0] < 20


def test_the_table_is_readable_without_scripts(visit):
    page = visit('figures.html', java_script_enabled=False)
    assert len(shown(page)) > 80
    assert not page.locator('.figures form').count()
