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
    background = background_of(classes)
    painted = overlay(image, mask, palette, style.opacity, background,
                      style.outlines)
    named = write_names(
        painted, mask, classes, palette, background) if style.labels else (
            painted)
    return with_legend(named, mask, classes, palette, painted)
