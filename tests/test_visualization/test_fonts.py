"""Fonts that have the script of a text."""
import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager
from PIL import Image, ImageDraw

from mmseg_clipzs.visualization import fonts, with_legend


def make_font(path, characters):
    """A font in which each character is a square."""
    pen = TTGlyphPen(None)
    for i, point in enumerate([(0, 0), (0, 900), (900, 900), (900, 0)]):
        (pen.lineTo if i else pen.moveTo)(point)
    pen.closePath()
    glyph = pen.glyph()
    names = [f'glyph{i}' for i in range(len(characters))]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(['.notdef', *names])
    builder.setupCharacterMap(dict(zip(map(ord, characters), names)))
    builder.setupGlyf(dict.fromkeys(('.notdef', *names), glyph))
    builder.setupHorizontalMetrics(
        {name: (1000, 0) for name in ('.notdef', *names)})
    builder.setupHorizontalHeader(ascent=900, descent=-100)
    builder.setupNameTable(dict(familyName='Test', styleName='Regular'))
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    return path


@pytest.fixture
def installed(monkeypatch):
    """Only these fonts are in the system."""
    files, caches = [], (fonts._find, fonts._system_fonts)
    monkeypatch.setattr(font_manager, 'findSystemFonts',
                        lambda: list(map(str, files)))
    monkeypatch.setattr(fonts, '_warned', set())
    for cache in caches:
        cache.cache_clear()
    yield files
    for cache in caches:
        cache.cache_clear()


@pytest.fixture
def said(monkeypatch):
    """Warnings."""
    messages = []
    monkeypatch.setattr(
        fonts, 'print_log',
        lambda message, logger, level: level >= 30 and messages.append(
            message))
    return messages


def name(text):
    return fonts.text_font(text, 20).path.rpartition('/')[2]


@pytest.mark.parametrize('text', [
    'cat', 'Käfer', 'собака', 'γάτα', 'գայլ', '½ ™', '', ' \t', 'a\ufe0f'])
def test_dejavu_has_most_alphabets(text, installed, said):
    assert name(text) == 'DejaVuSans.ttf' and not said


def test_a_font_of_the_system(tmp_path, installed, said):
    installed += [make_font(tmp_path / 'A.ttf', '犬'),
                  make_font(tmp_path / 'B.ttf', '猫犬 abc')]
    assert name('猫') == 'B.ttf' and name('cat') == 'DejaVuSans.ttf'
    assert name('a 猫') == 'B.ttf' and not said
    canvas = Image.new('L', (40, 40))
    ImageDraw.Draw(canvas).text((0, 0), '猫', 255, fonts.text_font('猫', 20))
    assert 250 < (np.asarray(canvas) > 0).sum() < 450  # the square of 18 x 18


def test_the_font_with_the_most(tmp_path, installed, said):
    installed += [make_font(tmp_path / 'A.ttf', '犬'),
                  make_font(tmp_path / 'B.ttf', '猫犬')]
    assert name('猫犬鳥') == 'B.ttf'
    assert len(said) == 1 and 'No font here has the CJK characters 鳥' in (
        said[0]) and 'B.ttf draws boxes' in said[0]


def test_what_is_missing_is_said_once_for_each_script(installed, said):
    for text in ('猫', '犬猫鳥魚馬牛', 'แมว', '😺 cat', 'แมว 猫'):
        assert name(text) == 'DejaVuSans.ttf'
    assert len(said) == 2  # DejaVu has this face
    assert 'CJK characters 猫' in said[0]
    assert 'Thai characters ม ว แ of' in said[1]
    assert all('Noto' in message for message in said)


def test_an_unknown_symbol(installed, said):
    fonts.text_font('\U0001f9ad \U0001f996', 20)  # a seal, a dinosaur
    assert len(said) == 1 and 'symbol characters' in said[0]


@pytest.mark.parametrize('content', [b'', b'\0' * 99, b'\0\1\0\0' * 300])
def test_damaged_fonts_are_left_out(tmp_path, installed, said, content):
    (tmp_path / 'A.ttf').write_bytes(content)
    installed += [tmp_path / 'A.ttf', tmp_path / 'gone.ttf',
                  make_font(tmp_path / 'Z.ttf', '猫')]
    assert name('猫') == 'Z.ttf' and not said


def test_upright_fonts_come_first(tmp_path, installed):
    for each in ('XSans-Bold', 'XSans-Regular', 'ASerif'):
        installed.append(make_font(tmp_path / f'{each}.ttf', '猫'))
    assert name('猫') == 'XSans-Regular.ttf'


@pytest.mark.parametrize('text, script', [
    ('قطة', 'Arabic'), ('חתול', 'Hebrew'), ('cat', None), ('猫', None)])
@pytest.mark.parametrize('has_raqm', [True, False])
def test_scripts_that_need_raqm(installed, said, monkeypatch, text, script,
                                has_raqm):
    monkeypatch.setattr(fonts.features, 'check', lambda name: has_raqm)
    fonts.text_font(text, 20)
    fonts.text_font(text, 30)
    found = [message for message in said if 'raqm' in message]
    assert len(found) == (script is not None and not has_raqm)
    assert all(script in message for message in found)


def test_a_legend_with_the_font(tmp_path, installed, said):
    """Boxes of the missing glyph and squares differ."""
    image, mask = np.zeros((9, 9, 3), np.uint8), np.zeros((9, 9), int)
    boxes = with_legend(image, mask, ['猫猫'], [[1, 2, 3]])
    fonts._find.cache_clear()
    fonts._system_fonts.cache_clear()
    installed.append(make_font(tmp_path / 'A.ttf', '猫'))
    squares = with_legend(image, mask, ['猫猫'], [[1, 2, 3]])
    assert len(said) == 1 and not np.array_equal(boxes, squares)
