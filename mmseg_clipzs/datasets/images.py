"""Reading image files of every usual kind."""
import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from mmseg_clipzs.utils import UserError


class SampleError(UserError):
    """A sample that cannot be used: image-text training skips it.

    Attributes:
        kind (str): What it is counted as.
    """
    kind = 'damaged sample'


class ImageReadError(SampleError):
    """A photo that is missing or cannot be read."""
    kind = 'unreadable image'


class CaptionError(SampleError):
    """A sample without a caption."""
    kind = 'empty caption'


def read_image(path, content=None):
    """An image file as RGB: grey, RGBA, CMYK and 16-bit ones too.

    Turned as its EXIF note says; transparency is laid on white; 16 bits are
    scaled to 8.

    Args:
        path (str | Path): The file.
        content (bytes, optional): What is in it; ``path`` only names it then.

    Returns:
        ndarray: (H, W, 3) uint8 RGB.

    Raises:
        ImageReadError: Missing, truncated or no image.
    """
    file = path if content is None else io.BytesIO(content)
    try:
        with Image.open(file) as image:
            image.load()
            image = ImageOps.exif_transpose(image)
    except FileNotFoundError as e:
        raise ImageReadError(f'No photo at {path}.') from e
    except UnidentifiedImageError as e:
        raise ImageReadError(f'{path} is not an image that can be read.') from e
    except Image.DecompressionBombError as e:
        raise ImageReadError(f'The photo {path} is too large: {e}') from e
    except Exception as e:  # decoders raise anything at a damaged file
        raise ImageReadError(f'The photo {path} is damaged: {e}.') from e
    if image.mode.startswith('I'):  # Pillow would clip 16 bits at 255
        values = np.asarray(image).astype(np.float64) / 257
        image = Image.fromarray(values.clip(0, 255).round().astype(np.uint8))
    if image.mode in ('RGBA', 'LA', 'PA') or 'transparency' in image.info:
        image = image.convert('RGBA')
        white = Image.new('RGBA', image.size, 'white')
        image = Image.alpha_composite(white, image)
    return np.asarray(image.convert('RGB'))


def list_images(folder, recursive=False):
    """Image files of a folder, by their suffix.

    Args:
        folder (str | Path): Where to look.
        recursive (bool): Also in the folders below it.

    Returns:
        list[Path]: Sorted.
    """
    suffixes = Image.registered_extensions()
    return sorted(path for path in Path(folder).glob(
        '**/*' if recursive else '*') if path.suffix.lower() in suffixes)
