"""Read photos as people have them, and check what an evaluation loads."""
import io
from pathlib import Path

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS
from PIL import Image, ImageOps, UnidentifiedImageError

from mmseg_clipzs.utils import UserError


class SampleError(UserError):
    """A sample that cannot be used: image-text training skips it.

    Attributes:
        kind (str): What it is counted as.
    """
    kind = 'damaged sample'


class PhotoError(SampleError):
    """A photo that is missing or cannot be read."""
    kind = 'unreadable image'


class CaptionError(SampleError):
    """A sample without a caption."""
    kind = 'empty caption'


def read_photo(path, content=None):
    """An image file as RGB: grey, RGBA, CMYK and 16-bit ones too.

    Turned as its EXIF note says; transparency is laid on white; 16 bits are
    scaled to 8.

    Args:
        path (str | Path): The file.
        content (bytes, optional): What is in it; ``path`` only names it then.

    Returns:
        ndarray: (H, W, 3) uint8 RGB.

    Raises:
        PhotoError: Missing, truncated or no image.
    """
    file = path if content is None else io.BytesIO(content)
    try:
        with Image.open(file) as image:
            image.load()
            image = ImageOps.exif_transpose(image)
    except FileNotFoundError as e:
        raise PhotoError(f'No photo at {path}.') from e
    except UnidentifiedImageError as e:
        raise PhotoError(f'{path} is not an image that can be read.') from e
    except Image.DecompressionBombError as e:
        raise PhotoError(f'The photo {path} is too large: {e}') from e
    except Exception as e:  # decoders raise anything at a damaged file
        raise PhotoError(f'The photo {path} is damaged: {e}.') from e
    if image.mode.startswith('I'):  # Pillow would clip 16 bits at 255
        values = np.asarray(image).astype(np.float64) / 257
        image = Image.fromarray(values.clip(0, 255).round().astype(np.uint8))
    if image.mode in ('RGBA', 'LA', 'PA') or 'transparency' in image.info:
        image = image.convert('RGBA')
        white = Image.new('RGBA', image.size, 'white')
        image = Image.alpha_composite(white, image)
    return np.asarray(image.convert('RGB'))


def list_photos(folder, recursive=False):
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


@TRANSFORMS.register_module()
class LoadPhoto(BaseTransform):
    """Load a photo of any kind, or say that it cannot be read.

    In place of ``LoadImageFromFile``, which fills the missing part of a
    truncated photo with grey and leaves out transparency.

    Required keys: img_path, and for a photo in memory its bytes img_bytes.
    Added keys: img (H, W, 3) uint8 BGR, img_shape, ori_shape. Removed keys:
    img_bytes.
    """

    def transform(self, results):
        """Load one photo.

        Args:
            results (dict): With ``img_path``, maybe ``img_bytes``.

        Returns:
            dict: With ``img``.

        Raises:
            PhotoError: As of :func:`read_photo`.
        """
        image = read_photo(results['img_path'], results.pop('img_bytes', None))
        image = np.ascontiguousarray(image[..., ::-1])  # RGB to BGR
        results.update(
            img=image, img_shape=image.shape[:2], ori_shape=image.shape[:2])
        return results


@TRANSFORMS.register_module()
class CheckSample(BaseTransform):
    """Stop at a damaged photo or a mask that does not belong to it.

    The toolbox's decoder fills the missing part of a truncated JPEG with
    grey, and a mask of another size fails deep inside the metric.

    Required keys: img_path, ori_shape, and where loaded gt_seg_map.
    """

    def transform(self, results):
        """Check one sample.

        Args:
            results (dict): After loading the image and the annotations.

        Returns:
            dict: Unchanged, but for the shape of a mask of one row or column.

        Raises:
            UserError: Names the file.
        """
        path = results.get('img_path')
        if path and str(path).lower().endswith(('.jpg', '.jpeg')):
            try:
                with Image.open(path) as image:
                    # An eighth of the size: complete, but cheap to decode.
                    image.draft('RGB', (1, 1))
                    image.load()
            except OSError as e:
                raise UserError(f'The photo {path} is damaged: {e}.') from e
        mask = results.get('gt_seg_map')
        if mask is not None:
            h, w = results['ori_shape']
            # The toolbox squeezes masks of one row or column.
            if mask.size != h * w or min(h, w) > 1 and mask.shape != (h, w):
                shape = ' x '.join(map(str, mask.shape[::-1] or (1, 1)))
                raise UserError(
                    f'The mask {results.get("seg_map_path")} is {shape} '
                    f'pixels, but its photo {path} is {w} x {h}.')
            results['gt_seg_map'] = mask.reshape(h, w)
        return results
