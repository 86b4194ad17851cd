"""Fonts that have the script of a text."""
import logging
import re
import unicodedata
from functools import lru_cache
from pathlib import Path

from mmengine.logging import print_log
from PIL import ImageFont, features

_SHOWN = 5  # characters in a warning
_TABLES = {'glyf', 'CFF ', 'CFF2'}  # outlines; Pillow scales no bitmaps
_warned = set()


def text_font(text, size):
    """A font to draw a text with.

    DejaVu Sans, which comes with matplotlib, has most alphabets. For other
    scripts the fonts of the system are searched. What none has is named in a
    warning, once for each script.

    Args:
        text (str): The text, of one line.
        size (int): Height of a line, in pixels.

    Returns:
        ImageFont.FreeTypeFont: The font that has the most of the text.
    """
    characters = frozenset(filter(_is_drawn, text))
    path = _find(characters)
    _warn_of_missing(sorted(characters - _characters(path)), path)
    _warn_of_layout(text)
    return _load(path, size)


def _is_drawn(character):
    """bool: Not a blank, a control character or a variant selector."""
    return not character.isspace() and unicodedata.category(character) not in (
        'Cc', 'Cf') and not '\ufe00' <= character <= '\ufe0f'


@lru_cache
def _default():
    # Needs no search for fonts, which takes a second at first.
    from matplotlib import get_data_path
    return Path(get_data_path()) / 'fonts/ttf/DejaVuSans.ttf'


@lru_cache(256)
def _load(path, size):
    return ImageFont.truetype(str(path), size)


@lru_cache(1024)
def _find(characters):
    """Path: The font that has the most of these characters."""
    best, most = _default(), len(characters & _characters(_default()))
    if most == len(characters):
        return best
    for path in _system_fonts():
        found = len(characters & _characters(path))
        if found > most:
            best, most = path, found
        if most == len(characters):
            break
    return best


@lru_cache(1)
def _system_fonts():
    """list[Path]: Upright sans serifs first."""
    from matplotlib.font_manager import findSystemFonts

    def order(path):
        name = path.stem.lower()
        return (not re.search(r'sans|gothic|hei', name),
                bool(re.search(r'bold|italic|oblique|light|thin|black|mono',
                               name)), str(path))

    return sorted(map(Path, findSystemFonts()), key=order)


@lru_cache(None)
def _characters(path):
    """frozenset[str]: The characters that a font file can draw."""
    from fontTools.ttLib import TTFont
    try:
        with TTFont(path, fontNumber=0, lazy=True) as font:
            codes = font.getBestCmap() if _TABLES & set(font.keys()) else None
    except Exception as e:  # damaged fonts raise all kinds of errors
        print_log(f'The font {path} cannot be read: {e}', 'current',
                  logging.DEBUG)
        codes = None
    return frozenset(map(chr, codes or ()))


def _warn_of_missing(missing, path):
    scripts = {}
    for character in missing:
        scripts.setdefault(_script(character), []).append(character)
    for script, characters in scripts.items():
        if script in _warned:
            continue
        _warned.add(script)
        shown = ' '.join(characters[:_SHOWN]) + ' ...' * (
            len(characters) > _SHOWN)
        print_log(
            f'No font here has the {script} characters {shown} of the class '
            f'names, so that {path.name} draws boxes for them. Install a font '
            'that has them, such as one of the Noto fonts; those in '
            '~/.local/share/fonts and in the folders of the system are '
            'found.', 'current', logging.WARNING)


def _script(character):
    """str: 'CJK', 'Devanagari', ..., the first word of its Unicode name."""
    if unicodedata.category(character) in ('So', 'Sk'):
        return 'symbol'
    word = unicodedata.name(character, 'unnamed').split()[0].split('-')[0]
    return word if word == 'CJK' else word.capitalize()


def _warn_of_layout(text):
    """Warn of scripts that Pillow draws wrongly without libraqm."""
    needs = next((_script(c) for c in text if unicodedata.bidirectional(c) in (
        'R', 'AL') or 'ऀ' <= c <= '෿'), None)
    if needs and needs not in _warned and not features.check('raqm'):
        _warned.add(needs)
        print_log(
            f'Pillow was installed without raqm, so that {needs} text is '
            'drawn letter by letter from left to right: install libraqm, or '
            "Pillow's wheel from PyPI.", 'current', logging.WARNING)
