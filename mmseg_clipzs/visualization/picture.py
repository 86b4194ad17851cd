"""The picture of a prediction."""
from .legend import with_legend
from .names import write_names
from .overlay import background_of, overlay


def picture(image, mask, classes, palette, style):
    """A photo with its classes painted over it, named, and a legend.

    Args:
        image (ndarray): (H, W, 3) uint8 RGB.
        mask (ndarray): (H, W) class indices.
        classes (Sequence[str]): Class names; "background" is not painted.
        palette (Sequence): RGB colour of each class.
        style (Style): How it looks.

    Returns:
        ndarray: (H + legend, max(W, 240), 3) uint8 RGB.
    """
    painted = _painted(image, mask, classes, palette, style)
    named = _named(painted, mask, classes, palette, style)
    return with_legend(named, mask, classes, palette, painted)


def named_overlay(image, mask, classes, palette, style):
    """A photo with its classes painted over it, and named.

    Args:
        image, mask, classes, palette, style: See :func:`picture`.

    Returns:
        ndarray: (H, W, 3) uint8 RGB.
    """
    painted = _painted(image, mask, classes, palette, style)
    return _named(painted, mask, classes, palette, style)


def _painted(image, mask, classes, palette, style):
    return overlay(image, mask, palette, style.opacity,
                   background_of(classes), style.outlines)


def _named(painted, mask, classes, palette, style):
    return write_names(painted, mask, classes, palette, background_of(
        classes)) if style.labels else painted
