"""Visitors do not see each other, and nothing of them stays."""
import gc
import threading
from pathlib import Path

import numpy as np
import pytest
from browsing import files, note_calls, wait_for
from PIL import Image

from mmseg_clipzs.web.examples import draw_examples
from mmseg_clipzs.web.session import Session


def test_two_visitors(open_page, predict, scenes, tmp_path):
    """At the same time, with different photos, words and thresholds."""
    words = ['sand', 'zebra'], ['sea, water', 'grass', 'sun']
    pages = [open_page() for _ in scenes]
    for page, scene in zip(pages, scenes):
        page.choose_photo(scene)
    for page, each in zip(pages, words):
        page.write_words(*each)
    pages[0].set_background(.9)
    results = [predict(scenes[0], words[0], background=.9),
               predict(scenes[1], words[1])]
    for page, result in zip(pages, results):
        page.wait_for(result)
    for page, result, each, scene in zip(pages, results, words, scenes):
        path = page.take('index', tmp_path)
        assert path.name == f'{scene.stem}_mask.png'
        assert np.array_equal(np.array(Image.open(path)), result.mask)
        assert page.words() == each


def test_nothing_is_kept(app, open_page, predict, scenes, tmp_path):
    """After "Forget my photo", and after a visitor has left."""
    StateHolder = pytest.importorskip('gradio.state_holder').StateHolder

    def mine():
        return {path for path in files(app.folder)
                if path.name.startswith(scenes[0].stem)}

    def shown():
        """Sessions of which Gradio remembers what it has shown."""
        return [key for holder in holders for key in holder.session_data]

    holders = [each for each in gc.get_objects() if type(each) is StateHolder]
    assert wait_for(lambda: not mine() and not shown())  # earlier visitors'
    words = ['sand', 'zebra']
    result = predict(scenes[0], words)
    page = open_page()
    for forget in (page.page.locator('#forget').click,
                   page.page.context.close):
        page.choose_photo(scenes[0])
        page.write_words(*words)
        page.wait_for(result)
        page.take('coco', tmp_path)
        assert mine() and shown()
        forget()
        assert wait_for(lambda: not mine())
    assert wait_for(lambda: not shown())


def test_forget_goes_before_what_waits(
        app, open_page, predict, scenes, monkeypatch, tmp_path):
    """Neither an answer nor a photo comes after it."""
    busy, go_on, photos = threading.Event(), threading.Event(), []
    note_calls(monkeypatch, Session, 'set_photo',
               lambda self, path, *name: photos.append(Path(path).stem))
    page = open_page()
    page.write_words('sand', 'zebra')
    page.wait_for(predict(draw_examples(tmp_path)[0].path, ['sand', 'zebra']))
    note_calls(monkeypatch, Session, 'result', lambda self, *given: (
        busy.set(), go_on.wait(60)))
    examples = page.page.locator('#examples button')
    for number in (1, 2, 1, 3):
        examples.nth(number).click()
    page.choose_photo(scenes[0])
    assert busy.wait(60)

    def mine():
        return {path for path in files(app.folder)
                if path.name.startswith(scenes[0].stem)}

    assert wait_for(mine)
    before = list(photos)
    page.page.locator('#forget').click()
    assert wait_for(lambda: not mine())
    rows = page.viewer.locator('tbody tr')
    rows.first.wait_for(state='hidden')
    examples.nth(0).click()
    go_on.set()
    rows.first.wait_for()
    assert photos == [*before, photos[0]]
