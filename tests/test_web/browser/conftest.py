"""A browser, its visits, and the app that they look at."""
import socket
import tempfile
import threading
from multiprocessing.util import get_temp_dir

import numpy as np
import pytest
from browsing import note_calls, open_browser, visiting
from PIL import Image
from words_page import WordsPage

from mmseg_clipzs.apis import ZeroShotInferencer
from mmseg_clipzs.models.backbones.clip_vit import ClipViT
from mmseg_clipzs.toy.scenes import make_scene


# One browser for each process of tests, closed after this folder: Playwright
# keeps an event loop running in this thread.
@pytest.fixture(scope='package')
def browser():
    """The distribution's Chromium, driven by Playwright."""
    with open_browser() as browser:
        yield browser


@pytest.fixture
def visit(browser):
    """Opens a new visitor's page: ``visit(viewport=..., **context options)``.

    The test fails if any of its visits asks something of another machine,
    writes an error to the console or lets an exception through.
    """
    with visiting(browser) as open_visit:
        yield open_visit


class App:
    """What the server of the page does.

    Attributes:
        address (str): Of the page.
        folder (Path): Where its temporary files are.
        passes (int): Of the image tower, for visitors.
        hosts (set[str]): Those that this process connects to.
    """

    def __init__(self, folder):
        self.folder, self.passes, self.hosts = folder, 0, set()

    def note_pass(self, tower, *inputs, **more):
        # Python's results, to compare with, are made by the tests' thread.
        if threading.current_thread() is not threading.main_thread():
            self.passes += 1

    def note_host(self, connection, address):
        if connection.family != socket.AF_UNIX:
            self.hosts.add(address[0])


@pytest.fixture(scope='package')
def app(tmp_path_factory):
    """The page on the toy model, served by this process.

    Yields:
        App: What it does.
    """
    pytest.importorskip('gradio', reason='Gradio is not installed')
    from mmseg_clipzs.web.serve import served
    get_temp_dir()  # of multiprocessing, until the end of this process
    app = App(tmp_path_factory.mktemp('server'))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, 'tempdir', str(app.folder))
        note_calls(patch, ClipViT, 'forward', app.note_pass)
        note_calls(patch, socket.socket, 'connect', app.note_host)
        with served('maskclip_toy', port=0) as app.address:
            yield app
    assert app.hosts <= {'127.0.0.1'}


@pytest.fixture
def open_page(app, visit):
    """Opens the page for another visitor: ``open_page(**options)``."""
    return lambda **options: WordsPage(visit(**options).page, app.address)


@pytest.fixture(scope='package')
def predict():
    """What answers as the page should: ``predict(photo, words, ...)``."""
    inferencer = ZeroShotInferencer('maskclip_toy')

    def result(photo, words, background=None):
        inferencer.set_image(photo)
        return inferencer.predict(words, background)

    return result


@pytest.fixture(scope='package')
def scenes(tmp_path_factory):
    """Files of two photos that are no examples of the page."""
    folder = tmp_path_factory.mktemp('scenes')
    paths = [folder / 'my first.png', folder / 'my second.png']
    for seed, path in enumerate(paths, start=50):
        image, *_ = make_scene(np.random.default_rng(seed), 240 + 8 * seed)
        Image.fromarray(image[:200]).save(path)
    return paths
