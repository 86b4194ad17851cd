"""Visits to a page by the distribution's Chromium, which note what it does."""
import functools
import os
import shutil
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

NAMES = ('chromium', 'chromium-browser', 'google-chrome')
ARGUMENTS = (
    # What a page asks of other machines is noted and never gets there.
    '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
    '--no-proxy-server', '--disable-gpu')


def find_chromium():
    """str | None: The first browser on PATH."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def open_browser():
    """The distribution's Chromium, driven by Playwright; skips without it."""
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


@contextmanager
def visiting(browser):
    """Open visits, which end with the block.

    Yields:
        Callable: ``Visit``'s options -> Visit.

    Raises:
        AssertionError: At the end, where one of them has faults.
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


class Visit:
    """One visitor: a browser context with cookies and storage of its own.

    Attributes:
        context: Playwright's ``BrowserContext``.
        page: Its first page.
        requests (list[str]): Addresses of all requests, in order.
        errors (list[str]): Errors on the console, exceptions that no script
            caught, and dialogs.
    """

    def __init__(self, browser, **options):
        self.requests, self.errors = [], []
        self.context = browser.new_context(**options)
        self.context.set_default_timeout(20_000)
        self.context.on('request', lambda request: self.requests.append(
            request.url))
        self.context.on('console', self._note_message)
        self.context.on('weberror', lambda error: self.errors.append(
            f'uncaught: {error.error}'))
        self.context.on('dialog', self._note_dialog)
        self.context.on('page', lambda page: page.on(
            'websocket', lambda socket: self.requests.append(socket.url)))
        self.page = self.context.new_page()

    def _note_message(self, message):
        if message.type == 'error':
            self.errors.append(f'console: {message.text}')

    def _note_dialog(self, dialog):
        self.errors.append(f'dialog: {dialog.message}')
        dialog.dismiss()

    def faults(self):
        """list[str]: Requests to other machines, and errors."""
        return [f'left the machine: {url}' for url in self.requests
                if leaves(url)] + self.errors


def leaves(url):
    """Whether a request for an address leaves this machine."""
    parts = urlsplit(url)
    return parts.scheme not in ('data', 'blob', 'about', 'file') \
        and parts.hostname != '127.0.0.1'


def files(folder):
    """set[Path]: All files below a folder, which others may be removing."""
    return {Path(parent, name) for parent, _, names in os.walk(folder)
            for name in names}


def wait_for(condition, seconds=60):
    """Wait until a condition holds, or for long enough; returns whether."""
    end = time.monotonic() + seconds
    while not (holds := condition()) and time.monotonic() < end:
        time.sleep(.05)
    return holds


def note_calls(patch, owner, name, note):
    """Let ``note`` see the arguments of all calls of a method."""
    method = getattr(owner, name)

    @functools.wraps(method)
    def noted(self, *args, **kwargs):
        note(self, *args, **kwargs)
        return method(self, *args, **kwargs)

    patch.setattr(owner, name, noted)
