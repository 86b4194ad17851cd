"""Legends below pictures."""
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageDraw

from mmseg_clipzs.labels import label_dtype

from .fonts import text_font
from .overlay import background_of

TEXT = (20, 20, 20)
_QUIET = (110, 110, 110)
_UNPAINTED = ((255, 255, 255), (170, 170, 170))  # a swatch
_LEAST_WIDTH = 240  # pixels
_MOST_LINES = 4  # of a name
_SIDE = 256  # pixels, of the picture whose colours are averaged


class _Entry(NamedTuple):
    lines: list  # the name
    share: str
    fill: tuple
    border: tuple


def letter_size(height, width):
    """int: Height of letters that suits a picture, in pixels.

    Args:
        height, width (int): Of the picture.
    """
    return int(np.clip((height * width) ** 0.5 / 32, 13, 72))


def one_line(text):
    """str: A text without line breaks and control characters.

    Args:
        text (str): Any text.
    """
    return ' '.join(''.join(
        c if c.isprintable() or c in '\u200c\u200d' else ' '
        for c in text).split())


def share_text(share):
    """str: '12 %', or '<1 %' for little.

    Args:
        share (float): In (0, 1].
    """
    return f'{100 * share:.0f} %' if share >= 0.01 else '<1 %'


def shares_of(mask, count):
    """Shares of the classes that occur, the largest first.

    Args:
        mask (ndarray): (H, W) class indices.
        count (int): Number of classes.

    Returns:
        dict[int, float]: Class index -> share of all pixels.
    """
    labels = mask.astype(label_dtype(count))
    pixels = cv2.calcHist(
        [labels], [0], None, [count], [0, count]).ravel() / mask.size
    order = np.argsort(-pixels, kind='stable')
    return {int(i): float(pixels[i]) for i in order if pixels[i]}


def with_legend(image, mask, classes, palette, painted=None,
                size=None):
    """Append a legend with the classes that occur and their shares.

    Args:
        image (ndarray): (H, W, 3) uint8 RGB.
        mask (ndarray): (H', W') class indices; of one image or of several.
        classes (Sequence[str]): Class names.
        palette (Sequence): RGB colour of each class.
        painted (ndarray, optional): (H', W', 3) uint8 RGB, the painted photo
            of ``mask``. Swatches then have the mean colour of their areas
            with a border of the class's colour; that of the background, which
            is not painted, is white.
        size (int, optional): Height of letters, in pixels; by default what
            suits ``image``.

    Returns:
        ndarray: (H + legend, max(W, 240), 3) uint8 RGB.
    """
    height, width = image.shape[:2]
    size = size or letter_size(height, width)
    width = max(width, _LEAST_WIDTH)
    shares = shares_of(mask.reshape(-1, mask.shape[-1]), len(classes))
    swatches = {i: (tuple(palette[i]), ) * 2 for i in shares}
    if painted is not None:
        means = _means(painted, mask, len(palette))
        swatches.update(
            {i: (means[i], tuple(palette[i])) for i in means})
        swatches.update(dict.fromkeys(background_of(classes), _UNPAINTED))
    # In two columns, if not one of 240 pixels.
    room = max(width // 2, _LEAST_WIDTH) - 4 * size - round(
        text_font('0', size).getlength('100 %'))
    entries = [_Entry(
        wrap(one_line(classes[i]), size, max(room, 3 * size)),
        share_text(share), *swatches[i]) for i, share in shares.items()]
    strip = _strip(entries, width, size)
    canvas = np.full((height + len(strip), width, 3), 255, np.uint8)
    canvas[:height, :image.shape[1]] = image
    canvas[height:] = strip
    return canvas


def wrap(text, size, room):
    """Break a text into lines, between words where that is possible.

    Args:
        text (str): The text.
        size (int): Height of a line, in pixels.
        room (int): Width of a line, in pixels.

    Returns:
        list[str]: Up to four lines; what is left out is '…'.
    """
    font, lines, rest = text_font(text, size), [], text
    while rest and len(lines) < _MOST_LINES:
        fits = len(rest)
        if font.getlength(rest) > room:
            low, fits = 1, min(len(rest), 1 + 4 * room // size)
            while low < fits:  # at least one letter
                middle = (low + fits + 1) // 2
                if font.getlength(rest[:middle]) > room:
                    fits = middle - 1
                else:
                    low = middle
            blank = rest.rfind(' ', 0, fits + 1)
            fits = blank if blank > 0 else fits
        lines.append(rest[:fits].strip())
        rest = rest[fits:].strip()
    if rest:
        lines[-1] = lines[-1][:-1] + '…'
    return lines or ['']


def _means(painted, mask, count):
    """dict[int, tuple]: Mean colour of each class's area."""
    step = -(-max(mask.shape) // _SIDE)
    labels = mask[::step, ::step].ravel()
    pixels = painted[::step, ::step].reshape(-1, 3)
    total = np.bincount(labels, minlength=count)
    means = np.stack([np.bincount(labels, channel, count)
                      for channel in pixels.T]) / np.maximum(total, 1)
    return {int(i): tuple(means[:, i].round().astype(int).tolist())
            for i in np.flatnonzero(total[:count])}


def _strip(entries, width, size):
    """ndarray: (legend, W, 3) uint8 RGB."""
    margin, line = size // 2, round(1.3 * size)
    swatch, gap = round(1.5 * size), size // 2

    def length(text):
        return round(text_font(text, size).getlength(text))

    columns, column = 1, width
    if entries:
        widest = max(max(map(length, each.lines)) + length(each.share)
                     for each in entries) + swatch + 4 * gap
        columns = max((width - margin) // widest, 1)
        columns = min(columns, len(entries))
        column = min(widest + gap, (width - margin) // columns)
    rows = [entries[i:i + columns] for i in range(0, len(entries), columns)]
    heights = [max(len(each.lines) for each in row) * line + size // 3
               for row in rows]
    canvas = Image.new('RGB', (width, sum(heights) + 2 * margin), 'white')
    draw = ImageDraw.Draw(canvas)
    y = margin
    for row, height in zip(rows, heights):
        for x, each in zip(range(margin, width, column), row):
            border = max(size // 8, 2)
            draw.rectangle((x, y + size // 8, x + swatch, y + size),
                           each.fill, each.border, border)
            text = x + swatch + gap
            for i, words in enumerate(each.lines):
                draw.text((text, y + i * line), words, TEXT,
                          text_font(words, size))
            end = text + length(each.lines[-1]) + gap
            draw.text((end, y + (len(each.lines) - 1) * line), each.share,
                      _QUIET, text_font(each.share, size))
        y += height
    return np.asarray(canvas)
