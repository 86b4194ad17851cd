"""Label maps: their special values and their width.

A label map of up to 255 classes has 8 bits, and 255 marks ignored pixels, as
in mmseg. One of more classes has 16 bits, and 65535 marks ignored pixels: 255
is a class like any other. Masks on disk, label maps in memory, written
predictions, the metric and the losses follow this rule.
"""
import numpy as np

from .utils import UserError

IGNORE_INDEX = 255  # mmseg's: ignored pixels, with 8 bits
WIDE_IGNORE_INDEX = 65535  # ignored pixels, with 16 bits
BACKGROUND = 'background'  # the class that may have no words
HIDDEN_LABEL = -1  # unlabelled pixels, to be given pseudo labels


def label_dtype(classes):
    """Type of a label map.

    Args:
        classes (int): Number of classes.

    Returns:
        type: ``np.uint8`` or ``np.uint16``.

    Raises:
        UserError: More than 65,535 classes.
    """
    if classes > WIDE_IGNORE_INDEX:
        raise UserError(f'A label map has at most {WIDE_IGNORE_INDEX:,} '
                        f'classes, but got {classes:,}.')
    return np.uint16 if classes > IGNORE_INDEX else np.uint8


def ignore_index(classes):
    """Label of ignored pixels.

    Args:
        classes (int): Number of classes.

    Returns:
        int: 255 for up to 255 classes, else 65535.

    Raises:
        UserError: More than 65,535 classes.
    """
    return int(np.iinfo(label_dtype(classes)).max)
