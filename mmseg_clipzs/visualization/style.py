"""How pictures look."""
from dataclasses import dataclass

from mmseg_clipzs.utils import UserError, check_flag, check_number

IMAGE_FORMATS = ('png', 'jpg', 'webp')


@dataclass(frozen=True)
class Style:
    """How pictures look and are written.

    Attributes:
        opacity (float): Of the colours over the photo, in [0, 1].
        outlines (bool): Draw the borders of regions.
        labels (bool): Write the class names on large regions.
        image_format (str): 'png', 'jpg' or 'webp', for pictures; label maps
            are always PNG.
        quality (int, optional): Of JPEG and WebP, from 1 to 100; by default
            90.
        compression (int, optional): Of PNG, from 0 (fast) to 9 (small); by
            default 1: on photos, more takes four times as long and saves
            little.

    Raises:
        UserError: A value out of range, or of another image format.
    """
    opacity: float = 0.5
    outlines: bool = True
    labels: bool = True
    image_format: str = 'png'
    quality: int | None = None
    compression: int | None = None

    def __post_init__(self):
        check_number('opacity', self.opacity, '[0, 1]')
        check_flag('outlines', self.outlines)
        check_flag('labels', self.labels)
        check_number('quality', self.quality, '[1, 100]', int, optional=True)
        check_number(
            'compression', self.compression, '[0, 9]', int, optional=True)
        if self.image_format not in IMAGE_FORMATS:
            raise UserError(
                'image_format must be one of '
                f'{", ".join(IMAGE_FORMATS)}, but got '
                f'{self.image_format!r}.')
        if self.quality is not None and self.image_format == 'png':
            raise UserError(
                f'A quality ({self.quality}) is for jpg and webp, but the '
                'image format is png, which loses nothing: choose one of '
                'them, or a compression (0 to 9).')
        if self.compression is not None and self.image_format != 'png':
            raise UserError(
                f'A compression ({self.compression}) is for png, but the '
                f'image format is {self.image_format}: choose a quality '
                '(1 to 100).')
