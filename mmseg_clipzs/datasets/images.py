"""Read image files of all common formats."""
import io
import threading

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from mmseg_clipzs.utils import (
    UserError,
    check_is_file,
    other_case,
    require_memory,
    shown,
)

# Pillow chooses a decoder by a file's content: a photo that begins like an EPS
# would start Ghostscript, others an installed handler. These only decode.
RASTER_FORMATS = (
    'AVIF', 'BMP', 'CUR', 'DCX', 'DDS', 'DIB', 'GIF', 'ICNS', 'ICO', 'JPEG',
    'JPEG2000', 'MPO', 'MSP', 'PCX', 'PNG', 'PPM', 'PSD', 'QOI', 'SGI', 'SUN',
    'TGA', 'TIFF', 'WEBP', 'XBM', 'XPM')
# Phones take photos of 200 million pixels, which Pillow refuses: half of it.
MAX_PIXELS = 2**28
_PILLOWS = 2**30 // 4 // 3  # its MAX_IMAGE_PIXELS, if nobody sets another
_OPENING = threading.Lock()
_READING = 10  # bytes per pixel: decoded, composited, as an array


class SampleError(UserError):
    """An unusable sample, which is skipped and counted.

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


def open_image(file):
    """Open an image of a raster format, without decoding it.

    Args:
        file (str | Path | BinaryIO): The file; a path that is no ordinary
            file is refused before it is opened.

    Returns:
        PIL.Image.Image: To be closed by the caller.

    Raises:
        FileNotFoundError: No such file.
        UserError: A folder, named pipe, socket or device.
        PIL.UnidentifiedImageError: Another format.
        PIL.Image.DecompressionBombError: More than ``MAX_PIXELS``, or than
            the program's own ``PIL.Image.MAX_IMAGE_PIXELS`` lets pass.
    """
    if not hasattr(file, 'read'):
        file = check_is_file(file, 'an image')
    Image.init()  # knows all formats after it, where they are installed
    formats = [name for name in RASTER_FORMATS if name in Image.OPEN]
    with _OPENING:
        limit = Image.MAX_IMAGE_PIXELS
        if limit == _PILLOWS:
            Image.MAX_IMAGE_PIXELS = None
        try:
            image = Image.open(file, formats=formats)
        finally:
            Image.MAX_IMAGE_PIXELS = limit
    if limit == _PILLOWS and image.width * image.height > MAX_PIXELS:
        image.close()
        raise Image.DecompressionBombError(
            f'it has {image.width} x {image.height} pixels, and files that '
            'say so may be made to fill the memory. Up to '
            f'{MAX_PIXELS:,} pixels are read: shrink it or cut it into '
            'pieces.')
    return image


def read_image(path, content=None):
    """Read an image file as 8-bit RGB; see :func:`to_rgb`.

    Args:
        path (str | Path): Image file. Of an animation or a file of several
            pages the first one is read.
        content (bytes, optional): Encoded image; ``path`` is then only used
            in messages.

    Returns:
        ndarray: (H, W, 3) uint8 RGB.

    Raises:
        ImageReadError: The file is missing, damaged or not an image.
    """
    return read_visible(path, content)[0]


def read_visible(path, content=None):
    """Read an image file, and which of its pixels are transparent.

    Args:
        path, content: See :func:`read_image`.

    Returns:
        tuple: (H, W, 3) uint8 RGB, and (H, W) bool or None; see
        :func:`split_transparent`.

    Raises:
        ImageReadError: The file is missing, damaged or not an image.
    """
    name, file = shown(path), io.BytesIO(content or b'')
    if content is None:
        try:
            file = check_is_file(path, 'an image')
        except FileNotFoundError as e:
            raise ImageReadError(
                f'No image at {name}.{other_case(path)}') from e
        except UserError as e:
            raise ImageReadError(str(e)) from e
    try:
        with open_image(file) as image:
            require_memory(_READING * image.width * image.height)
            return split_transparent(image)
    except UnidentifiedImageError as e:
        size = len(content) if content is not None else file.stat().st_size
        raise ImageReadError(f'{name} is not an image file: ' + (
            'it has no known raster format, such as JPEG, PNG, TIFF or WebP.'
            if size else 'it is empty.')) from e
    except Image.DecompressionBombError as e:
        raise ImageReadError(f'The image {name} is too large: {e}') from e
    except UserError as e:  # of the two functions
        raise ImageReadError(f'The image {name} {e}') from e
    except Exception as e:  # decoders raise all kinds of errors
        reason = ' '.join(str(e).split()) or type(e).__name__
        raise ImageReadError(f'The image {name} is damaged: {reason}.') from e


def to_rgb(image):
    """Convert a PIL image to 8-bit RGB.

    Applies EXIF orientation and composites transparent images on white.
    Values of more than 8 bits are scaled: 16-bit integers from 0..65535,
    32-bit integers from 0..255 or 0..65535, whichever they fit, and floating
    point numbers from 0..1 or 0..255.

    Args:
        image (PIL.Image.Image): Of any mode, loaded or not.

    Returns:
        ndarray: (H, W, 3) uint8 RGB.

    Raises:
        UserError: No pixels, or values outside these ranges or not finite.
            The message begins with a verb.
    """
    return split_transparent(image)[0]


def split_transparent(image):
    """Convert a PIL image to 8-bit RGB, and find its transparent pixels.

    These are the ones of which less than half is seen (alpha below 128): what
    is behind them is not in the file. Soft edges of a cut-out object are thus
    halved, as by a mask with the values 0 and 1.

    Args:
        image (PIL.Image.Image): Of any mode, loaded or not.

    Returns:
        tuple: (H, W, 3) uint8 RGB, see :func:`to_rgb`; (H, W) bool, True for
        transparent pixels, or None where there are none.

    Raises:
        UserError: As :func:`to_rgb`.
    """
    if not min(image.size):
        raise UserError('has no pixels.')
    image.load()
    # Older versions of Pillow read 16 bits into 32.
    is_16 = image.mode != 'I' or image.format in ('PNG', 'PPM')
    transparent = None
    image = ImageOps.exif_transpose(image)
    if image.mode[0] in 'IF':  # convert('RGB') would clip at 255
        values = np.asarray(image).astype(np.float64)
        tops = (1, 255) if image.mode == 'F' else (
            (65535, ) if is_16 else (255, 65535))
        image = Image.fromarray(_scaled(values, tops))
    if image.mode == 'La':  # Pillow only knows how to undo its own step
        image = image.convert('LA')
    if image.mode in ('RGBA', 'RGBa', 'LA', 'PA') or (
            'transparency' in image.info):
        image = image.convert('RGBA')
        hidden = np.asarray(image.getchannel('A')) < 128
        transparent = hidden if hidden.any() else None
        white = Image.new('RGBA', image.size, 'white')
        image = Image.alpha_composite(white, image)
    return np.asarray(image.convert('RGB')), transparent


def _scaled(values, tops):
    """Scale (H, W) from 0..top, for the first top that fits, to uint8."""
    if not np.isfinite(values).all():
        raise UserError('has pixels that are not finite (NaN or infinite).')
    low, high = values.min(), values.max()
    top = next((top for top in tops if 0 <= low and high <= top), None)
    if top is None:
        ranges = ' or '.join(f'0..{top}' for top in tops)
        raise UserError(f'has values from {low:g} to {high:g}; scale them to '
                        f'{ranges}.')
    return (values * (255 / top)).round().astype(np.uint8)


def require_readable(paths, what):
    """Refuse images that are all unreadable.

    Args:
        paths (Sequence[Path]): The images, which are read until one is good.
        what (str): What they are, for the message.

    Raises:
        UserError: None can be read; says why the first cannot.
    """
    first = None
    for path in paths:
        try:
            read_image(path)
            return
        except SampleError as e:
            first = first or e
    raise UserError(f'None of {what} can be read. {first}')
