"""Desk and phone, light and dark, by keyboard and to a screen reader."""
import numpy as np
import pytest
from PIL import Image

CONTROLS = ('button', 'textbox', 'slider', 'spinbutton', 'checkbox', 'radio',
            'combobox', 'ColorWell')
PHONE = dict(viewport=dict(width=375, height=812), device_scale_factor=2,
             is_mobile=True, has_touch=True)
DESK = dict(viewport=dict(width=1280, height=860))


def unnamed(page):
    """list[str]: Roles of the controls that have no name."""
    session = page.context.new_cdp_session(page)
    nodes = session.send('Accessibility.getFullAXTree')['nodes']
    return [node['role']['value'] for node in nodes
            if not node['ignored'] and node['role']['value'] in CONTROLS
            and not node['name']['value'].strip()]


@pytest.mark.parametrize('scheme', ['light', 'dark'])
@pytest.mark.parametrize('device', [DESK, PHONE], ids=['desk', 'phone'])
def test_looks(open_page, scenes, tmp_path, device, scheme):
    """In the visitor's colours, nothing beside the screen, all named."""
    page = open_page(color_scheme=scheme, **device)
    path = tmp_path / 'page.png'
    page.page.screenshot(path=path)
    bright = np.median(Image.open(path).convert('L'))
    assert bright > 200 if scheme == 'light' else bright < 60
    assert page.page.evaluate(
        'document.documentElement.scrollWidth <= innerWidth')
    assert not unnamed(page.page)


def test_a_finger(open_page):
    """A tap shows the class there, and its region."""
    page = open_page(**PHONE)
    page.viewer.locator('.frame').first.tap()
    page.viewer.locator('.reading p').wait_for()
    assert '%' in page.viewer.locator('.reading').inner_text()


def test_a_phone_shows_the_result(open_page):
    """At once, and again after the choice of a photo."""
    page = open_page(**PHONE, reduced_motion='reduce')
    canvas = page.viewer.locator('canvas').first
    assert 0 < canvas.bounding_box()['y'] < PHONE['viewport']['height']
    assert page.page.evaluate('scrollY') == 0
    page.page.get_by_role('button', name='A ladybug').click()
    page.row('ladybug').wait_for()
    assert 0 <= canvas.bounding_box()['y'] < 120


def test_keyboard(open_page, predict, tmp_path):
    """Words, threshold, picture and a file, without a pointer."""
    from mmseg_clipzs.web.examples import draw_examples
    photo = draw_examples(tmp_path)[0].path
    page = open_page(**DESK)
    words = page.words()
    page.press_until('#words .words-text')
    page.page.keyboard.press('Control+A')
    page.page.keyboard.type('horse')
    words[0] = 'horse'
    page.press_until('#background input[type=range]')
    page.wait_for(predict(photo, words))
    for _ in range(10):
        page.page.keyboard.press('ArrowRight')
    page.wait_for(predict(photo, words, background=.5))
    page.press_until('#viewer .frame')
    page.page.keyboard.press('ArrowLeft')
    page.page.keyboard.press('Enter')
    page.viewer.locator('.reading p').wait_for()
    page.press_until('#file-index')
    with page.page.expect_download():
        page.page.keyboard.press('Enter')


def test_requests(app, visit, open_page):
    """All go to this machine, as do the server's own connections."""
    page = open_page()
    page.set_background(.5)
    page.row('background').wait_for()
