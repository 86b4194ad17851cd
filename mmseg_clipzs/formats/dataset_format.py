import io

import numpy as np
from PIL import Image

from mmseg_clipzs.datasets.images import (
    ImageReadError,
    SampleError,
    open_image,
    read_image,
)
from mmseg_clipzs.utils import atomic_write, check_flag, shown

from .folder_format import FolderFormat

_EXIF_ORIENTATION = 0x0112
_MOST = 65500  # pixels of a side of a JPEG, for libjpeg


class DatasetFormat(FolderFormat):
    """A folder of photos and labels that other tools import as a whole.

    Args:
        folder, classes, palette: See :class:`Format`.
        copy_photos (bool): Put the photos there, too.
    """

    def __init__(self, folder, classes, palette, copy_photos=True):
        super().__init__(folder, classes, palette)
        self.copy_photos = check_flag('copy_photos', copy_photos)

    def write_photo(self, result, *paths):
        """Put the photo into the folder as a JPEG, if photos are wanted.

        Importers look for .jpg. The file itself is copied where it is a JPEG
        whose pixels are those that were segmented; others, also those that
        are upright only by their EXIF orientation, which not every importer
        follows, are encoded anew with quality 95.

        Args:
            result (ZeroShotResult): The result.
            *paths (Path): Where, or nothing.

        Raises:
            SampleError: The photo is too large for a JPEG.
        """
        for path in paths:
            content = result.jpeg
            if content is None and max(result.photo.shape[:2]) > _MOST:
                raise SampleError(
                    f'{shown(result.path or result.name)} has a side of '
                    f'{max(result.photo.shape[:2])} pixels, but JPEGs of the '
                    f'format {self.name} have at most {_MOST}.')
            with atomic_write(path) as temporary:
                if content is not None:
                    temporary.write_bytes(content)
                else:
                    Image.fromarray(result.photo).save(
                        temporary, format='JPEG', quality=95, subsampling=0)


def jpeg_of(path, photo):
    """Read the file of a photo, if importers can use it as it is.

    Args:
        path (Path): The file.
        photo (ndarray): (H, W, 3) uint8 RGB, what it should show.

    Returns:
        bytes | None: A JPEG that shows it, also to readers that do not follow
        its EXIF orientation; None if it is none.
    """
    try:
        content = path.read_bytes()
        with open_image(io.BytesIO(content)) as image:
            if image.format not in ('JPEG', 'MPO') or image.getexif().get(
                    _EXIF_ORIENTATION, 1) != 1:
                return None
        # The file may have changed since, or the image in memory.
        pixels = read_image(path, content)
    except (OSError, ImageReadError):
        return None
    return content if np.array_equal(pixels, photo) else None
