"""Maps of probabilities."""
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw

from .fonts import text_font
from .legend import TEXT, letter_size, one_line, wrap

_OPACITY, _CONTRAST = 0.65, 0.65
_TICKS = (0, 0.25, 0.5, 0.75, 1)


@lru_cache(1)
def heat_colours():
    """ndarray: (256, 3) uint8 RGB of probabilities, from dark to bright."""
    from matplotlib import colormaps
    return (colormaps['inferno'](np.arange(256))[:, :3] * 255).round().astype(
        np.uint8)


def heat_map(image, score):
    """Blend an image with the probability map of one class.

    The image is grey and of low contrast, as brightness is probability.

    Args:
        image (ndarray): (H, W, 3) uint8 RGB.
        score (ndarray): (H, W) probabilities in [0, 1].

    Returns:
        ndarray: (H, W, 3) uint8 RGB, from dark (0) to bright (1).
    """
    levels = (score * 255).round().clip(0, 255).astype(np.uint8)
    grey = cv2.cvtColor(
        cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    share = 1 - _OPACITY
    return cv2.addWeighted(heat_colours()[levels], _OPACITY, grey,
                           _CONTRAST * share, 128 * (1 - _CONTRAST) * share)


def titled_heat_map(image, score, title):
    """A heat map with the name of its class and a colour bar.

    Args:
        image (ndarray): (H, W, 3) uint8 RGB.
        score (ndarray): (H, W) probabilities in [0, 1].
        title (str): Name of the class.

    Returns:
        ndarray: (title + H + bar, max(W, 240), 3) uint8 RGB. The bar shows
        the colours on a grey image.
    """
    height, width = image.shape[:2]
    size = letter_size(height, width)
    margin, line = size // 2, round(1.3 * size)
    full = max(width, 240)
    lines = wrap(one_line(title), size, full - 2 * margin)
    top, bottom = len(lines) * line + margin, 2 * margin + size + line
    canvas = Image.new('RGB', (full, top + height + bottom), 'white')
    draw = ImageDraw.Draw(canvas)
    for i, words in enumerate(lines):
        draw.text((margin, margin // 2 + i * line), words, TEXT,
                  text_font(words, size))
    canvas.paste(Image.fromarray(heat_map(image, score)), (0, top))
    font = text_font('0', size)
    left = margin + round(font.getlength('0'))
    length = full - 2 * left
    ramp = np.linspace(0, 1, length)[None].repeat(size, 0)
    y = top + height + margin
    canvas.paste(Image.fromarray(heat_map(
        np.full((size, length, 3), 128, np.uint8), ramp)), (left, y))
    for tick in _TICKS:
        x = left + round(tick * (length - 1))
        draw.line((x, y + size, x, y + size + size // 4), TEXT)
        draw.text((x, y + size + size // 4), f'{tick:g}', TEXT, font,
                  anchor='ma')
    return np.asarray(canvas)
