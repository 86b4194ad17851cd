"""Classes painted over photos."""
import cv2
import numpy as np

from mmseg_clipzs.labels import BACKGROUND, ignore_index, label_dtype

from .palette import group_palette


def colour_map(mask, palette):
    """Colour a label map.

    Args:
        mask (ndarray): (H, W) class indices.
        palette (Sequence): RGB colour of each class.

    Returns:
        ndarray: (H, W, 3) uint8 RGB; ignored pixels are white.
    """
    table = np.full((ignore_index(len(palette)) + 1, 3), 255, dtype=np.uint8)
    table[:len(palette)] = palette
    return table[mask]


def overlay(image, mask, palette, opacity=0.5, unpainted=(), outlines=False):
    """Paint the classes over an image.

    The image is grey below the paint, so that a class looks alike on all
    parts of it. Ignored pixels are not painted.

    Args:
        image (ndarray): (H, W, 3) uint8 RGB.
        mask (ndarray): (H, W) class indices.
        palette (Sequence): RGB colour of each class.
        opacity (float): Opacity of the colours, in [0, 1].
        unpainted (Sequence[int]): Classes that are not painted either.
        outlines (bool): Draw the borders of painted regions in their full
            colours, inside of them.

    Returns:
        ndarray: (H, W, 3) uint8 RGB.
    """
    labels = mask.astype(label_dtype(len(palette)))
    is_painted = np.zeros(ignore_index(len(palette)) + 1, np.uint8)
    is_painted[:len(palette)] = 1
    is_painted[list(unpainted)] = 0
    painted = is_painted[labels]
    colours = colour_map(labels, palette)
    grey = cv2.cvtColor(
        cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    result = np.array(image)
    cv2.copyTo(cv2.addWeighted(colours, opacity, grey, 1 - opacity, 0),
               painted, result)
    if outlines:
        cv2.copyTo(colours, painted * _borders(labels), result)
    return result


def _borders(labels):
    """ndarray: (H, W) uint8, 1 where another label is near."""
    width = line_width(*labels.shape)
    around = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
    return (cv2.erode(labels, around) != cv2.dilate(labels, around)
            ).astype(np.uint8)


def line_width(height, width):
    """int: Width of lines that suits a picture, in pixels.

    Args:
        height, width (int): Of the picture.
    """
    return max(round((height * width) ** 0.5 / 400), 1)


def background_of(classes):
    """list[int]: Classes that are not painted: the background, if any.

    Args:
        classes (Sequence[str]): Class names.
    """
    return [i for i, name in enumerate(classes)
            if name.casefold() == BACKGROUND]


def outlined(image, segments, others=()):
    """Paint segments without names over an image, with white outlines.

    Args:
        image (ndarray): (H, W, 3) uint8 RGB.
        segments (ndarray): (H, W) segment indices.
        others (Sequence): RGB colours that mean something else.

    Returns:
        ndarray: (H, W, 3) uint8 RGB.
    """
    result = overlay(image, segments, group_palette(
        int(segments.max()) + 1, others))
    right, below = np.diff(segments, axis=1), np.diff(segments, axis=0)
    result[:, 1:][right != 0] = 255
    result[1:][below != 0] = 255
    return result
