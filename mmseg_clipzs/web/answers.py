"""Photos and results as the page's viewer takes them: JSON with pictures."""
import base64

import cv2
import numpy as np

from mmseg_clipzs.datasets.limit_size import limited
from mmseg_clipzs.labels import IGNORE_INDEX

MAX_SIDE = 1600  # pixels of a shown photo
_QUALITY = 90  # of its JPEG


def shown_photo(photo, key):
    """A photo to show.

    Args:
        photo (ndarray): (H, W, 3) uint8 RGB.
        key (str): Tells it from other photos.

    Returns:
        dict: ``key``; ``width`` and ``height`` of the shown photo in pixels,
        the longer side at most ``MAX_SIDE``; ``url`` of a JPEG with it.
    """
    height, width = shown_size(photo)
    if (height, width) != photo.shape[:2]:
        photo = cv2.resize(
            photo, (width, height), interpolation=cv2.INTER_AREA)
    return dict(key=key, width=width, height=height, url=_url(
        photo[..., ::-1], 'jpeg', cv2.IMWRITE_JPEG_QUALITY, _QUALITY))


def shown_size(image):
    """tuple[int]: (height, width) at which an image (H, W, ...) is shown."""
    size = image.shape[:2]
    return limited(size, MAX_SIDE) if max(size) > MAX_SIDE else size


def shown_answer(result, title='', heat=None, names=()):
    """A result to show.

    Args:
        result (ZeroShotResult): Of up to 255 classes, of an image (H, W).
        title (str): Which method's it is.
        heat (str, optional): A class whose probability is wanted.
        names (Sequence[str]): Of the classes of a visitor's rows, in the
            order of the rows.

    Returns:
        dict: ``title``; ``width`` and ``height`` of its maps, those of
        :func:`shown_photo`; ``index``, URL of a grey PNG of 8 bits with the
        class of each pixel, 255 where it is ignored; ``confidence``, URL of
        such a PNG with the probability of this class, from 0 to 255;
        ``classes``, dicts of ``name``, ``row``, its index in ``names`` or
        None, ``colour`` '#rrggbb', ``share`` of all
        pixels that are not ignored and mean ``confidence``, both in [0, 1]
        and of the photo at its own size; ``heat``, see :func:`heat_map`, or
        None.
    """
    height, width = shown_size(result.mask)
    return dict(
        title=title, width=width, height=height,
        index=_png(_shrink(np.where(
            result.mask < len(result.classes), result.mask,
            IGNORE_INDEX).astype(np.uint8))),
        confidence=_png(_to_grey(_shrink(result.confidence))),
        classes=_classes(result, list(names)),
        heat=None if heat is None else heat_map(result, heat))


def heat_map(result, name):
    """Probability of a class at each pixel.

    Args:
        result (ZeroShotResult): See :func:`shown_answer`.
        name (str): One of its classes.

    Returns:
        dict | None: ``name``, and ``url`` of a grey PNG of 8 bits, 0 to 255;
        None if the result has no such class.
    """
    if name not in result.classes:
        return None
    label = list(result.classes).index(name)
    heat = result.make_confidence(np.full_like(result.mask, label))
    ignored = result.mask >= len(result.classes)
    return dict(name=name, url=_png(_to_grey(
        _shrink(np.where(ignored, np.float32(0), heat)))))


def _classes(result, names):
    """list[dict]: Name, row, colour, share and confidence of each class."""
    count = len(result.classes)
    seen = result.mask < count
    labels, confidence = result.mask[seen], result.confidence[seen]
    pixels = np.bincount(labels, minlength=count)
    sums = np.bincount(labels, confidence, count)
    return [dict(name=name,
                 row=names.index(name) if name in names else None,
                 colour='#{:02x}{:02x}{:02x}'.format(*colour),
                 share=float(area / max(len(labels), 1)),
                 confidence=float(total / max(area, 1)))
            for name, colour, area, total in zip(
                result.classes, result.palette, pixels, sums)]


def _shrink(values):
    """ndarray: (H, W) values, of as many pixels as are shown.

    Those of single pixels: a mean of two classes would be a third one.
    """
    if shown_size(values) == values.shape:
        return values
    rows, columns = (
        ((np.arange(few) + 0.5) * many / few).astype(np.int64)
        for few, many in zip(shown_size(values), values.shape))
    return values[rows[:, None], columns]


def _to_grey(probabilities):
    """ndarray: uint8, 0 to 255 for 0 to 1."""
    return (probabilities * 255).round().astype(np.uint8)


def _png(values):
    """str: URL of a grey picture (H, W) uint8, without loss."""
    return _url(values, 'png', cv2.IMWRITE_PNG_COMPRESSION, 1)


def _url(picture, kind, *options):
    _, content = cv2.imencode(f'.{kind}', picture, options)
    return f'data:image/{kind};base64,{base64.b64encode(content).decode()}'
