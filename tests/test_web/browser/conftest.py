"""A browser, its visits, and the app that they look at."""
import pytest
from browsing import ARGUMENTS, NAMES, Visit, find_chromium


# One browser for each process of tests, closed after this folder: Playwright
# keeps an event loop running in this thread.
@pytest.fixture(scope='package')
def browser():
    """The distribution's Chromium, driven by Playwright."""
    playwright = pytest.importorskip(
        'playwright.sync_api', reason='Playwright is not installed')
    path = find_chromium()
    if path is None:
        pytest.skip(f'no browser on PATH ({", ".join(NAMES)})')
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser):
    """Opens a new visitor's page: ``visit(viewport=..., **context options)``.

    The test fails if any of its visits asks something of another machine,
    writes an error to the console or lets an exception through.
    """
    visits = []

    def open_visit(**options):
        visits.append(Visit(browser, **options))
        return visits[-1]

    yield open_visit
    for each in visits:
        each.context.close()
    faults = [fault for each in visits for fault in each.faults()]
    assert not faults, '\n'.join(faults)
