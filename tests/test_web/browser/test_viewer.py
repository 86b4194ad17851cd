"""The viewer in a browser: what it shows is what Python computes."""
import base64
import struct
import zlib
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from browsing import Visit

from mmseg_clipzs.apis import ZeroShotResult
from mmseg_clipzs.visualization import heat_map, overlay

pytest.importorskip('gradio', reason='Gradio is not installed')

# Escapes of HTML, Handlebars and JavaScript's templates, and another script.
CLASSES = ('background', '<img src=x onerror=alert(1)>', '{{value}} ${1+1}`',
           'דשא', 'a' * 100)
PALETTE = ((0, 0, 0), (220, 40, 40), (40, 160, 60), (40, 80, 220),
           (240, 200, 0))


@pytest.fixture(scope='module')
def server():
    """A page with a viewer and nothing else.

    Yields:
        SimpleNamespace: ``address``; ``update``, the next one of the viewer;
        ``heats``, the names that were asked for, and ``answer``, called with
        each of them, which returns an update.
    """
    import gradio as gr

    from mmseg_clipzs.web.components import Viewer

    server = SimpleNamespace(update=None, heats=[], answer=None)

    def heat(event: gr.EventData):
        server.heats.append(event._data['name'])
        return server.answer(server.heats[-1])

    with gr.Blocks(analytics_enabled=False) as page:
        viewer = Viewer(elem_id='viewer')
        button = gr.Button('Update')
        button.click(lambda: server.update, None, viewer)
        viewer.heat(heat, None, viewer)
    page.launch(prevent_thread_lock=True, quiet=True, server_port=None,
                theme=gr.themes.Base(font=['sans-serif'],
                                     font_mono=['monospace']))
    server.address = page.local_url
    yield server
    page.close()


class Shown:
    """A visit to the viewer."""

    def __init__(self, page, server):
        self.page, self.server = page, server
        page.goto(server.address)
        self.find = page.locator('#viewer').locator
        self.find('.viewer[data-turn]').wait_for()
        self.turn = 1  # the empty page's

    def update(self, photo, *answers, **options):
        """Show a photo and answers, and wait until they are there."""
        from mmseg_clipzs.web.components import Viewer
        self.server.update = Viewer(photo=photo, value=dict(
            answers=list(answers), opacity_default=.6, **options))
        self.after(self.page.get_by_role('button', name='Update').click)

    def after(self, act):
        """Do something and wait until its answer is shown."""
        act()
        self.page.wait_for_function(
            '() => document.querySelector(".viewer").dataset.turn > '
            f'{self.turn}')
        self.turn = int(self.find('.viewer').get_attribute('data-turn'))

    def place(self, x, y, shape, number=0):
        """dict: Where a pixel of the photo is on a canvas."""
        box = self.find('canvas').nth(number).bounding_box()
        return dict(x=(x + .5) / shape[1] * box['width'],
                    y=(y + .5) / shape[0] * box['height'])

    def point(self, x, y, shape, number=0):
        self.find('canvas').nth(number).hover(
            position=self.place(x, y, shape, number))

    def select(self, x, y, shape, number=0):
        self.find('canvas').nth(number).click(
            position=self.place(x, y, shape, number))

    def pixels(self, number=0):
        """ndarray: (H, W, 3) uint8, a canvas after the next frame."""
        shape, data = self.find('canvas').nth(number).evaluate('''
            async canvas => {
              await new Promise(requestAnimationFrame);
              await new Promise(requestAnimationFrame);
              const {width, height} = canvas;
              const {data} = canvas.getContext('2d').getImageData(
                0, 0, width, height);
              let text = '';
              for (let at = 0; at < data.length; at += 30000) {
                text += String.fromCharCode(...data.subarray(at, at + 30000));
              }
              return [[height, width, 4], btoa(text)];
            }''')
        return np.frombuffer(base64.b64decode(data), np.uint8).reshape(
            shape)[..., :3]


@pytest.fixture(scope='module')
def viewing(browser):
    """A visit, whose cache makes later pages fast."""
    visit = Visit(browser, viewport=dict(width=1100, height=1400))
    yield visit
    visit.context.close()


@pytest.fixture
def shown(viewing, server):
    server.heats.clear()
    viewing.page.set_viewport_size(dict(width=1100, height=1400))
    yield Shown(viewing.page, server)
    assert not viewing.faults()


def make_result(seed=0, shape=(300, 400), palette=PALETTE):
    """Blobs on a smooth photo, which survives JPEG."""
    rng = np.random.default_rng(seed)

    def field():
        return cv2.resize(rng.random((6, 8)), shape[::-1],
                          interpolation=cv2.INTER_CUBIC).clip(0, 1)

    scores = np.stack([field() for _ in CLASSES[1:]])
    mask = scores.argmax(0) + 1
    mask[scores.max(0) < .6] = 0
    photo = np.stack([60 + 120 * field()] * 3, -1).astype(np.uint8)
    confidence = field().astype(np.float32)
    return ZeroShotResult(
        'photo', photo, mask, lambda: None, CLASSES, palette,
        make_confidence=lambda labels: (
            confidence * (labels + 1) / len(CLASSES)).astype(np.float32))


def answer_of(result, *more):
    from mmseg_clipzs.web.answers import shown_answer
    return shown_answer(result, *more)


def photo_of(result, key='photo'):
    from mmseg_clipzs.web.answers import shown_photo
    return shown_photo(result.photo, key)


def percent(value):
    return f'{100 * value:.0f} %' if value >= .01 else '<1 %'


def test_pixels_under_the_cursor(shown):
    """On two pictures at once, by mouse and by keys."""
    results = make_result(0), make_result(1)
    shape = results[0].mask.shape
    shown.update(photo_of(results[0]), *(
        answer_of(each, title) for each, title in zip(results, 'AB')))
    for y, x in np.random.default_rng(2).integers(5, 295, (8, 2)):
        shown.point(x, y, shape, int(x) % 2)
        for number, result in enumerate(results):
            want = result.classes[result.mask[y, x]]
            tip = shown.find('.tip').nth(number)
            assert tip.locator('bdi').text_content() == want
            assert tip.locator('b').text_content() == percent(
                round(255 * result.confidence[y, x]) / 255)
    frame = shown.find('.frame').first
    frame.press('Shift+ArrowRight')
    want = [f'{title}: {each.classes[each.mask[y, x + 1]]}'
            for each, title in zip(results, 'AB')]
    said = shown.find('.live').text_content()
    assert all(each in said for each in want)
    frame.press('ArrowDown')  # a fortieth of the width
    assert f'A: {results[0].classes[results[0].mask[y + 10, x + 1]]}' in (
        shown.find('.live').text_content()) or y + 10 >= shape[0]
    assert not shown.find('img').count()  # names are text


def region_of(mask, x, y):
    _, labels = cv2.connectedComponents(
        (mask == mask[y, x]).astype(np.uint8), connectivity=8)
    return labels == labels[y, x]


def said_of(result, x, y):
    region = region_of(result.mask, x, y)
    share = 100 * region.mean()
    levels = (result.confidence * 255).round()[region] / 255
    return (f'{result.classes[result.mask[y, x]]}, '
            + (f'{share:.0f}' if share >= 9.95 else f'{share:.2g}')
            + f' % of the photo, mean confidence {percent(levels.mean())}')


def test_regions(shown):
    """Selected ones stay for answers to the same photo, not for another."""
    result, other = make_result(0), make_result(1)
    shape, reading = result.mask.shape, shown.find('.reading p')
    shown.update(photo_of(result), answer_of(result))
    for y, x in [(20, 30), (150, 200), (250, 350)]:
        shown.select(x, y, shape)
        assert reading.text_content() == said_of(result, x, y)
    shown.update(photo_of(result), answer_of(other))
    assert reading.text_content() == said_of(other, x, y)
    shown.find('.frame').first.press('Escape')
    assert not reading.count()
    shown.find('.frame').first.press('Enter')  # begins in the middle
    assert reading.text_content() == said_of(other, 200, 150)
    shown.update(photo_of(other, 'other'), answer_of(other))
    assert not reading.count()
    assert not shown.find('.tip').first.is_visible()
    shown.update(None)  # forgets it
    assert shown.find('.empty').is_visible()
    assert shown.find('canvas').first.get_attribute('width') == '0'


def differences(pixels, want):
    """ndarray: (H, W), the largest of the channels."""
    return np.abs(pixels.astype(int) - want).max(-1)


def test_pictures(shown):
    """They are those of Python, but for JPEG; switches and colours apply."""
    result = make_result(shape=(360, 660))
    shown.update(photo_of(result), answer_of(result))

    def check(mask=result.mask, opacity=.6, outlines=True, palette=PALETTE):
        want = overlay(result.photo, mask, palette, opacity, [0], outlines)
        assert np.quantile(differences(shown.pixels(), want), .999) <= 4

    check()
    shown.find('.opacity').fill('20')
    check(opacity=.2)
    shown.find('.outlines').uncheck()
    check(opacity=.2, outlines=False)
    row = shown.find('tbody tr').filter(has_text='onerror')
    row.locator('.painted').uncheck()
    hidden = np.where(result.mask == 1, 0, result.mask)
    check(hidden, .2, False)
    again = make_result(shape=(360, 660), palette=PALETTE[::-1])
    shown.update(photo_of(result), answer_of(again))
    check(hidden, .2, False, PALETTE[::-1])
    shown.find('.compare').check()
    shown.find('.wipe').fill('50')
    assert np.quantile(differences(
        shown.pixels()[:, :320], result.photo[:, :320]), .999) <= 4
    shown.page.get_by_text('Photo', exact=True).click()
    assert np.quantile(differences(
        shown.pixels(), result.photo), .999) <= 4


def test_heat_maps(shown):
    """Asked for by name, kept for new answers, and given up."""
    result = make_result(shape=(360, 660))

    def answer(name):
        import gradio as gr
        return gr.update(photo=photo_of(result), value=dict(answers=[
            answer_of(result, '', name)]))

    shown.server.answer = answer
    shown.update(photo_of(result), answer_of(result))
    button = shown.find('tbody tr').filter(has_text='דשא').locator('.heat')
    shown.after(button.click)
    assert shown.server.heats == ['דשא']
    assert button.get_attribute('aria-pressed') == 'true'
    want = heat_map(result.photo, result.make_confidence(
        np.full_like(result.mask, 3)))
    shown.find('.opacity').fill('65')
    assert np.quantile(differences(shown.pixels(), want), .999) <= 6
    assert shown.find('.scale bdi').text_content() == 'דשא'
    shown.after(button.click)
    assert shown.server.heats == ['דשא', None]
    assert shown.find('input[value=labels]').is_checked()


def test_table(shown):
    results = make_result(0), make_result(1)
    shown.update(photo_of(results[0]), *(
        answer_of(each, title) for each, title in zip(results, 'AB')))
    shares = np.array([np.bincount(each.mask.ravel(), minlength=5)
                       / each.mask.size for each in results])
    means = np.array([[each.confidence[each.mask == i].mean()
                       for i in range(5)] for each in results])
    order = np.argsort(-shares.sum(0), kind='stable')
    rows = shown.find('tbody tr').evaluate_all(
        'rows => rows.map(row => [...row.cells].map(each => '
        'each.textContent).slice(0, 5))')
    assert rows == [[CLASSES[i], *(
        text for share, mean in zip(shares[:, i], means[:, i])
        for text in (percent(share), percent(mean)))] for i in order]
    assert shown.find('thead th[scope=colgroup]').all_text_contents() == [
        'A', 'B']
    shown.page.set_viewport_size(dict(width=375, height=700))
    assert shown.find('thead tr').last.locator('th').all_text_contents() == [
        'Share', 'Share']
    assert shown.page.evaluate('document.documentElement.scrollWidth') <= 375
    left, right = (shown.find('canvas').nth(i).bounding_box()
                   for i in range(2))
    assert right['y'] > left['y'] + left['height']


def png(labels):
    """str: With each of the five filters, which depend on the encoder."""
    rows, before = [], np.zeros(labels.shape[1] + 1, int)
    for number, row in enumerate(labels):
        row = np.concatenate([[0], row]).astype(int)
        left, above, corner = row[:-1], before[1:], before[:-1]
        guess = left + above - corner
        near = [np.abs(guess - each) for each in (left, above, corner)]
        paeth = np.select([
            (near[0] <= near[1]) & (near[0] <= near[2]),
            near[1] <= near[2]], [left, above], corner)
        predicted = [0, left, above, (left + above) // 2, paeth][number % 5]
        rows.append(bytes([number % 5]) + ((
            row[1:] - predicted) % 256).astype(np.uint8).tobytes())
        before = row

    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack(
            '>I', zlib.crc32(kind + data))

    height, width = labels.shape
    data = zlib.compress(b''.join(rows))
    content = b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack(
        '>IIBBBBB', width, height, 8, 0, 0, 0, 0)) + chunk(
            b'IDAT', data[:9]) + chunk(b'IDAT', data[9:]) + chunk(b'IEND', b'')
    assert (cv2.imdecode(np.frombuffer(content, np.uint8), 0) == labels).all()
    return 'data:image/png;base64,' + base64.b64encode(content).decode()


def test_maps_of_any_encoder(shown):
    """Also transparent pixels, and photos of a few pixels."""
    result = make_result(shape=(10, 16))
    labels = np.random.default_rng(0).integers(0, 6, (10, 16))
    labels[labels == 5] = 255
    answer = dict(answer_of(result), index=png(labels))
    shown.update(photo_of(result), answer)
    for y in range(10):
        for x in (0, 7, 15):
            shown.point(x, y, labels.shape)
            want = 'not segmented' if labels[y, x] == 255 else (
                CLASSES[labels[y, x]])
            assert shown.find('.tip bdi').first.text_content() == want
