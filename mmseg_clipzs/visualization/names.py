"""Class names written on regions."""
import cv2
import numpy as np
from PIL import Image, ImageDraw

from mmseg_clipzs.labels import label_dtype

from .colours import text_colour
from .fonts import text_font
from .legend import letter_size, one_line, shares_of

_SIDE = 256  # pixels, of the label map in which places are searched
_LEAST = 0.012  # share of the picture that a region with a name has
_INSIDE = 0.97  # share of a name's box that is of its class
_AS_CENTRAL = 0.02  # difference of shares of two boxes
_MOST = 6  # names of one class
_LONGEST = 32  # letters of a name on a region


def write_names(image, mask, classes, palette, unpainted=()):
    """Write the class names on large regions, where they fit.

    Args:
        image (ndarray): (H, W, 3) uint8 RGB.
        mask (ndarray): (H, W) class indices.
        classes (Sequence[str]): Class names.
        palette (Sequence): RGB colour of each class.
        unpainted (Sequence[int]): Classes without names.

    Returns:
        ndarray: (H, W, 3) uint8 RGB.
    """
    height, width = mask.shape
    step = -(-max(height, width) // _SIDE)
    labels = mask[::step, ::step].astype(label_dtype(len(palette)))
    size = letter_size(height, width)
    canvas = Image.fromarray(image)
    draw = ImageDraw.Draw(canvas)
    for index, share in shares_of(labels, len(classes)).items():
        if share < _LEAST or index in unpainted:
            continue
        text = one_line(classes[index])
        if len(text) > _LONGEST:
            text = text[:_LONGEST - 1] + '…'
        if not text:
            continue
        font, colour = text_font(text, size), tuple(palette[index])
        margin = size // 3
        box_w = round(font.getlength(text)) + 2 * margin
        box_h = size + 2 * margin
        for x, y in _places(labels == index, -(-box_h // step),
                            -(-box_w // step)):
            x, y = x * step, y * step
            draw.rounded_rectangle(
                (x, y, x + box_w - 1, y + box_h - 1), margin, colour)
            draw.text((x + box_w / 2, y + box_h / 2), text,
                      text_colour(colour), font, anchor='mm')
    return np.asarray(canvas)


def _places(region, height, width):
    """Yield the best place for a box in each large part of a region.

    Args:
        region (ndarray): (H, W) bool.
        height, width (int): Of the box.

    Yields:
        tuple[int]: x and y of the box's upper left pixel.
    """
    if height > region.shape[0] or width > region.shape[1]:
        return
    count, parts, stats, _ = cv2.connectedComponentsWithStats(
        region.astype(np.uint8), connectivity=4)
    areas = stats[1:, cv2.CC_STAT_AREA]
    large = np.argsort(-areas, kind='stable')[:_MOST] + 1
    inside = _share(region, height, width)
    # Where the surroundings are of the class as well, the name is central.
    central = _share(region, 3 * height, 2 * width) + _share(
        region, 6 * height, 4 * width)
    top, left = height // 2, width // 2
    for part in large:
        if stats[part, cv2.CC_STAT_AREA] < _LEAST * region.size:
            break
        fits = (parts == part) & (inside >= _INSIDE)
        fits[:top] = fits[:, :left] = False
        fits[fits.shape[0] - (height - top) + 1:] = False
        fits[:, fits.shape[1] - (width - left) + 1:] = False
        if fits.any():
            best = np.argwhere(fits & (
                central > central[fits].max() - _AS_CENTRAL))
            y, x = best[np.square(best - best.mean(0)).sum(1).argmin()]
            yield int(x) - left, int(y) - top


def _share(region, height, width):
    """ndarray: (H, W), share of the region in a box around each pixel."""
    return cv2.boxFilter(
        region.astype(np.float32), -1, (width, height),
        anchor=(width // 2, height // 2), borderType=cv2.BORDER_CONSTANT)
