"""The site opened from its folder, in Chromium, without a server."""
import shutil

import pytest

playwright = pytest.importorskip('playwright.sync_api')
CHROMIUM = next(filter(None, map(shutil.which, (
    'chromium', 'chromium-browser', 'google-chrome'))), None)
pytestmark = [pytest.mark.slow, pytest.mark.skipif(
    CHROMIUM is None, reason='no Chromium on PATH')]
QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
         '--disable-background-networking', '--disable-component-update',
         '--disable-sync']
SIZES = dict(desk=(1440, 900), phone=(390, 844))


@pytest.fixture(scope='module')
def browser():
    with playwright.sync_playwright() as run:
        found = run.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield found
        found.close()


@pytest.fixture
def visit(browser, site):
    """Open a page; asks nothing of a network and says nothing wrong."""
    said, contexts = [], []

    def go(name, size='desk', scheme='light', script=True):
        width, height = SIZES[size]
        context = browser.new_context(
            viewport=dict(width=width, height=height), color_scheme=scheme,
            java_script_enabled=script)
        contexts.append(context)
        page = context.new_page()
        page.on('request', lambda each: said.append(each.url) if (
            each.url.startswith(('http', 'ws'))) else None)
        page.on('pageerror', lambda each: said.append(str(each)))
        page.on('requestfailed', lambda each: said.append(each.url))
        page.goto((site / name).as_uri())
        return page

    yield go
    for context in contexts:
        context.close()
    assert not said


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_pages_fit_and_ask_for_nothing(visit, size, scheme):
    page = visit('index.html', size, scheme)
    dark = page.evaluate('getComputedStyle(document.body).backgroundColor')
    assert (sum(map(int, dark[4:-1].split(','))) < 384) == (scheme == 'dark')
    for name in ('figures', 'methods/naclip', 'recipes', 'api/models'):
        page.goto(page.url.rpartition('/site/')[0] + f'/site/{name}.html')
        assert page.evaluate(
            'document.documentElement.scrollWidth') <= SIZES[size][0], name


def test_search_works_from_a_folder(visit):
    page = visit('start.html')
    page.get_by_placeholder('Search').fill('background threshold')
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
    page = visit('figures.html', script=False)
    assert len(shown(page)) > 80
    assert not page.locator('.figures form').count()
