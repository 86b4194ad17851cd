"""Find the images in a folder."""
import os
import re
from functools import lru_cache
from pathlib import Path

from PIL import Image

from mmseg_clipzs.utils import UserError, check_is_file, is_ours, shown
from mmseg_clipzs.utils.temporary import PREFIX

from .images import RASTER_FORMATS, ImageReadError

# How ZeroShotResult.save names its files; only these are asked for the mark.
_RESULT = re.compile(
    r'.+_(mask\.png|(overlay|groups|thumbnail|heat_\d+_.*)\.(png|jpg|webp))')


def find_images(folder, recursive=False):
    """Find the image files in a folder, by suffix.

    Ignored are files with other suffixes, results of this package and
    temporary files.

    Args:
        folder (str | Path): Folder to search.
        recursive (bool): Include subfolders, but not links to them.

    Returns:
        tuple[list[Path], list[ImageReadError]]: Sorted paths, and an error
        for each file or folder that is called like an image and cannot be
        one, such as a named pipe, a PDF or a video.

    Raises:
        UserError: No such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(
            f'No images in {shown(folder)}: there is no such folder.')
    found, errors = [], []

    def unreadable(error):
        errors.append(ImageReadError(
            f'The folder {shown(error.filename)} cannot be read: '
            f'{error.strerror}.'))

    for parent, folders, files in os.walk(folder, onerror=unreadable):
        if not recursive:
            files += folders
            folders.clear()
        folders[:] = [name for name in folders if not name.startswith(PREFIX)]
        for name in files:
            path = Path(parent, name)
            try:
                if _is_candidate(path):
                    found.append(check_is_file(path, 'an image'))
            except UserError as e:
                errors.append(ImageReadError(str(e)))
            except FileNotFoundError:
                errors.append(ImageReadError(
                    f'{shown(path)} is a broken link.'))
    return sorted(found), errors


def list_images(folder, recursive=False):
    """list[Path]: As of :func:`find_images`, without the errors."""
    return find_images(folder, recursive)[0]


def _is_candidate(path):
    """bool: Whether a path is called like an image and is none of ours.

    Raises:
        UserError: It is called like a format that is not read.
    """
    suffix = path.suffix.lower()
    if path.name.startswith(PREFIX) or suffix not in _suffixes():
        return False
    if not _suffixes()[suffix]:
        raise UserError(f'{shown(path)} is not an image of a raster format, '
                        'such as JPEG, PNG, TIFF or WebP.')
    return not is_result(path)


def is_result(path):
    """bool: Whether an image was written by this package.

    Args:
        path (Path): The file.
    """
    return bool(_RESULT.fullmatch(path.name)) and is_ours(path)


@lru_cache
def image_suffixes():
    """frozenset[str]: Suffixes of what is read, such as '.jpg'."""
    return frozenset(suffix for suffix, is_read in _suffixes().items()
                     if is_read)


@lru_cache
def _suffixes():
    """dict[str, bool]: Pillow's suffixes -> whether they are read here."""
    return {suffix: name in RASTER_FORMATS for suffix, name
            in Image.registered_extensions().items()}
