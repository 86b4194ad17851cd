"""Results in the browser are those of Python."""
import json
import zipfile

import numpy as np
from PIL import Image

from mmseg_clipzs.apis import ZeroShotInferencer
from mmseg_clipzs.visualization import Style


def test_first_result(open_page, predict, tmp_path):
    """Without reading anything: an example is there when the page opens."""
    from mmseg_clipzs.web.examples import draw_examples
    first = draw_examples(tmp_path)[0]
    words = list(first.words)
    page = open_page()
    page.wait_for(predict(first.path, words))
    page.wait_for_message()
    assert page.words() == words


def test_own_photo_and_words(app, open_page, predict, scenes, tmp_path):
    """Words, threshold and heat map need no pass of the image tower."""
    page = open_page()
    page.choose_photo(scenes[0])
    words = ['sand, beach', 'zebra', 'lady: ladybug, beetle']
    page.write_words(*words)
    page.wait_for(predict(scenes[0], words))

    passes = app.passes
    page.set_background(.8)
    page.wait_for(predict(scenes[0], words, background=.8))
    page.write_words('sand', 'zebra')
    result = predict(scenes[0], ['sand', 'zebra'], background=.8)
    page.wait_for(result)
    page.row('zebra').get_by_role('button').click()
    page.wait_for_text('#viewer .scale bdi', 'zebra')
    mask = np.array(Image.open(page.take('index', tmp_path)))
    assert np.array_equal(mask, result.mask)
    assert passes == app.passes


def test_a_pasted_photo(open_page, predict, scenes):
    """Ctrl+V anywhere on the page, but not in a text."""
    page = open_page()
    words = page.words()
    paste = """async ([selector, bytes]) => {
      const data = new DataTransfer();
      data.items.add(new File(
        [new Uint8Array(bytes)], 'image.png', {type: 'image/png'}));
      document.querySelector(selector).dispatchEvent(new ClipboardEvent(
        'paste', {clipboardData: data, bubbles: true, cancelable: true}));
    }"""
    content = list(scenes[0].read_bytes())
    page.page.evaluate(paste, ['#words .words-text', content])
    page.page.evaluate(paste, ['h1', content])
    page.wait_for(predict(scenes[0], words))
    page.wait_for_message("These are the scene's words.")
    assert ' image.png ' in page.command()


def test_two_methods(open_page, predict, scenes):
    """Side by side, each with its own shares."""
    page = open_page()
    page.choose_photo(scenes[0])
    words = ['sand', 'zebra', 'sea']
    page.write_words(*words)
    page.choose('method-b', 'ClearCLIP')
    other = ZeroShotInferencer('clearclip_toy')
    other.set_image(scenes[0])
    page.wait_for(predict(scenes[0], words), other.predict(words))
    assert page.viewer.locator('canvas:visible').count() == 2


def pictures(path):
    """list[ndarray]: Of a ZIP, by name."""
    with zipfile.ZipFile(path) as archive:
        return [np.array(Image.open(archive.open(name)))
                for name in sorted(archive.namelist())
                if name.endswith('.png')]


def test_taking_away(open_page, predict, scenes, tmp_path, monkeypatch):
    """Five files, and the program and the command that make them again."""
    words = ['zebra', 'leaf', 'sand, beach']
    result = predict(scenes[1], words)
    found = [result.mask == i for i in np.unique(result.mask)]
    page = open_page()
    page.choose_photo(scenes[1])
    page.write_words(*words)
    page.wait_for(result)
    index, overlay, cutouts, coco, masks = (
        page.take(kind, tmp_path)
        for kind in ('index', 'overlay', 'cutout', 'coco', 'masks'))

    assert np.array_equal(np.array(Image.open(index)), result.mask)
    assert np.array_equal(np.array(Image.open(overlay)), result.picture(
        Style(opacity=page.opacity())))
    for seen, picture in zip(found, pictures(masks)):
        assert np.array_equal(picture > 0, seen)
    assert sum(picture[..., 3].any() for picture in pictures(cutouts)) \
        == len(found)
    data = json.loads(coco.read_text())
    assert [each['name'] for each in data['categories']] == [
        *result.classes]
    assert sorted(each['area'] for each in data['annotations']) == sorted(
        seen.sum() for seen in found)

    command, lines = page.command(), page.python()
    assert command.startswith('clipzs segment ')
    assert all(word in command for word in ('zebra', 'leaf', "'sand, beach'"))
    again = tmp_path / 'again'
    again.mkdir()
    (again / scenes[1].name).write_bytes(scenes[1].read_bytes())
    monkeypatch.chdir(again)
    exec(compile(lines, 'lines', 'exec'), {})
    made = {path.name: path.read_bytes() for path in again.rglob('*.*')
            if path.is_file()}
    for path in (index, overlay):
        assert made[path.name] == path.read_bytes()
