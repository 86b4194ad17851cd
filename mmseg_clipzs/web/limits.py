"""What a visitor may ask for."""
import io
from dataclasses import dataclass

from mmseg_clipzs.utils import UserError, check_number

_WHOLE = ('max_bytes', 'max_pixels', 'max_words', 'max_letters', 'visitors')


@dataclass(frozen=True)
class Limits:
    """Limits of the page, so that many may use it at once.

    Attributes:
        max_bytes (int): Of a photo's file.
        max_pixels (int): Of a photo.
        max_words (int): Rows of words.
        max_letters (int): Of a row, with its synonyms.
        seconds (float): Of computing for one answer.
        visitors (int): Sessions with kept photos; the one that is unused for
            the longest time is forgotten first.
        memory (float): MB of kept features and results, of all sessions. One
            session has up to a quarter of it.
        idle (float): Seconds after which an unused session is forgotten.

    Raises:
        UserError: A number that is out of range.
    """
    max_bytes: int = 20_000_000
    max_pixels: int = 24_000_000
    max_words: int = 50
    max_letters: int = 300
    seconds: float = 120
    visitors: int = 64
    memory: float = 2000
    idle: float = 1800

    def __post_init__(self):
        for name, value in vars(self).items():
            check_limit(name, value)

    def check_file(self, size):
        """Refuse a large file, before it is read.

        Args:
            size (int): In bytes.

        Raises:
            UserError: It is above ``max_bytes``.
        """
        if size > self.max_bytes:
            raise UserError(
                f'The file has {size / 1e6:.1f} MB, but photos may have '
                f'up to {self.max_bytes / 1e6:g} MB: save it smaller.')

    def check_pixels(self, content):
        """Refuse a large photo, before it is decoded.

        Args:
            content (bytes): Of its file. What is no image passes: reading it
                says why.

        Raises:
            UserError: It is above ``max_pixels``.
        """
        from PIL import Image  # not of the command's help

        from mmseg_clipzs.datasets.images import open_image
        most = f'photos may have up to {self.max_pixels / 1e6:g} million'
        try:
            with open_image(io.BytesIO(content)) as image:
                width, height = image.size
        except Image.DecompressionBombError as e:
            raise UserError(f'The photo has far too many pixels: {most}. '
                            'Make it smaller.') from e
        except Exception:  # decoders raise all kinds of errors
            return
        if width * height > self.max_pixels:
            raise UserError(
                f'The photo has {width} x {height} pixels, but {most}: make '
                'it smaller.')


def check_limit(name, value, option=None):
    """Check one of the limits.

    Args:
        name (str): Of an attribute of :class:`Limits`.
        value (float): Its value.
        option (str, optional): How the user knows it.

    Raises:
        UserError: It is out of range.
    """
    kind, within = (int, '[1, inf)') if name in _WHOLE else (float, '(0, inf)')
    check_number(option or name, value, within, kind)
