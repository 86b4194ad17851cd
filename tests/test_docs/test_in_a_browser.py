"""The site opened from its folder, in Chromium, without a server."""
import pytest
from browsing import ARGUMENTS, NAMES, Visit, find_chromium

pytestmark = pytest.mark.slow
SIZES = dict(desk=(1440, 900), phone=(390, 844))


@pytest.fixture(scope='module')
def browser():
    playwright = pytest.importorskip(
        'playwright.sync_api', reason='Playwright is not installed')
    path = find_chromium()
    if path is None:
        pytest.skip(f'no browser on PATH ({", ".join(NAMES)})')
    with playwright.sync_playwright() as run:
        found = run.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield found
        found.close()


@pytest.fixture
def visit(browser, site):
    """Open a page; nothing leaves the machine and nothing fails."""
    visits = []

    def go(name, size='desk', **options):
        width, height = SIZES[size]
        visits.append(Visit(
            browser, viewport=dict(width=width, height=height), **options))
        page = visits[-1].page
        page.goto((site / name).as_uri())
        return page

    yield go
    for each in visits:
        each.context.close()
    faults = [fault for each in visits for fault in each.faults()]
    assert not faults, '\n'.join(faults)


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
    assert 'No line fits' in page.locator('.figures output').inner_text()
    page.get_by_role('searchbox', name='Method').fill('')
    needs.select_option('')
    protocol.select_option('toy')
    assert {'here'} == set(shown(page, 12)) and lines(page) > 5


def test_the_table_is_readable_without_scripts(visit):
    page = visit('figures.html', java_script_enabled=False)
    assert len(shown(page)) > 80
    assert not page.locator('.figures form').count()
