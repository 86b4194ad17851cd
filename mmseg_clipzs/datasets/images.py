"""Read image files of all common formats."""
import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from mmseg_clipzs.utils import UserError


class SampleError(UserError):
    """An unusable sample, which image-text training skips.

    Attributes:
        kind (str): Category under which skipped samples are counted.
    """
    kind = 'damaged sample'


class ImageReadError(SampleError):
    """An image is missing or cannot be decoded."""
    kind = 'unreadable image'


class CaptionError(SampleError):
    """A sample has no caption."""
    kind = 'empty caption'


def read_image(path, content=None):
    """Read an image file as 8-bit RGB.

    Supports greyscale, palette, CMYK, RGBA and 16-bit files. Applies EXIF
    orientation, composites transparent images on white and scales 16-bit
    values to 8 bits.

    Args:
        path (str | Path): Image file.
        content (bytes, optional): Encoded image; ``path`` is then only used
            in messages.

    Returns:
        ndarray: (H, W, 3) uint8 RGB.

    Raises:
        ImageReadError: The file is missing, damaged or not an image.
    """
    file = path if content is None else io.BytesIO(content)
    try:
        with Image.open(file) as image:
            image.load()
            image = ImageOps.exif_transpose(image)
    except FileNotFoundError as e:
        raise ImageReadError(f'No image at {path}.') from e
    except UnidentifiedImageError as e:
        raise ImageReadError(f'{path} is not an image file.') from e
    except Image.DecompressionBombError as e:
        raise ImageReadError(f'The image {path} is too large: {e}') from e
    except Exception as e:  # decoders raise all kinds of errors
        raise ImageReadError(f'The image {path} is damaged: {e}.') from e
    if image.mode.startswith('I'):  # convert('RGB') would clip 16 bits at 255
        values = np.asarray(image).astype(np.float64) / 257
        image = Image.fromarray(values.clip(0, 255).round().astype(np.uint8))
    if image.mode in ('RGBA', 'LA', 'PA') or 'transparency' in image.info:
        image = image.convert('RGBA')
        white = Image.new('RGBA', image.size, 'white')
        image = Image.alpha_composite(white, image)
    return np.asarray(image.convert('RGB'))


def list_images(folder, recursive=False):
    """List the image files in a folder, by suffix.

    Args:
        folder (str | Path): Folder to search.
        recursive (bool): Include subfolders.

    Returns:
        list[Path]: Sorted paths.
    """
    suffixes = Image.registered_extensions()
    return sorted(path for path in Path(folder).glob(
        '**/*' if recursive else '*') if path.suffix.lower() in suffixes)
