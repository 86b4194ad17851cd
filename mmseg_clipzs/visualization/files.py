"""Write pictures and label maps."""
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from mmseg_clipzs.labels import IGNORE_INDEX, label_dtype
from mmseg_clipzs.utils import MARK


def save_mask(path, mask, palette):
    """Write a label map as a palette PNG, or 16-bit grey above 255 classes.

    Args:
        path (str | Path): PNG file to write.
        mask (ndarray): (H, W) class indices, or ignored pixels.
        palette (Sequence): RGB colour of each class.
    """
    image = Image.fromarray(mask.astype(label_dtype(len(palette))))
    if image.mode == 'L':  # becomes P
        # With fewer colours, Pillow would keep fewer bits of each label.
        colours = np.full((IGNORE_INDEX + 1, 3), 255, np.uint8)
        colours[:len(palette)] = palette
        image.putpalette(colours.tobytes())
    save_image(path, image)


def save_image(path, image, compression=None, quality=None):
    """Write an image that says that this package wrote it.

    Args:
        path (str | Path): PNG, JPEG or WebP file to write, by its suffix.
        image (PIL.Image.Image): The image.
        compression (int, optional): Of a PNG, from 0 (fast) to 9 (small). By
            default 1 for photos, of which more effort takes four times as long
            and saves nothing.
        quality (int, optional): Of JPEG and WebP, from 1 to 100; by default
            90.
    """
    if Path(path).suffix.lower() == '.png':
        info = PngInfo()
        info.add_text('Software', MARK)
        if compression is None and image.mode in ('RGB', 'RGBA'):
            compression = 1
        effort = {} if compression is None else {'compress_level': compression}
        image.save(path, pnginfo=info, **effort)
        return
    is_webp = Path(path).suffix.lower() == '.webp'
    exif = Image.Exif()
    exif[ExifTags.Base.Software] = MARK
    # Outlines and text need colours in full resolution.
    full = {} if is_webp else {'subsampling': 0}
    image.save(path, exif=exif, quality=quality or 90, **full)
