"""Regions that were found before, one file for each photo."""
import os
from pathlib import Path

import numpy as np
from PIL import Image

from mmseg_clipzs.datasets.images import SampleError, open_image
from mmseg_clipzs.utils import (
    UserError,
    atomic_write,
    check_replaceable,
    shown,
)
from mmseg_clipzs.visualization import save_image

from .region_provider import RegionProvider

SUFFIXES = ('.png', '.npy')
_MODES = ('1', 'L', 'P', 'I', 'I;16', 'I;16B', 'I;16L')  # of Pillow, integers
_MOST = 2**16 - 1  # in a PNG


class RegionFiles(RegionProvider):
    """Maps of regions from a folder, e.g. of ``clipzs make-regions``.

    The file of ``photos/cat.jpg`` is ``cat.png``, with one channel of 8 or 16
    bits, or ``cat.npy``, integers (H, W): the region of each pixel, 0 for
    none. It has the size of the upright photo. With ``photos='photos'``, that
    of ``photos/pets/cat.jpg`` is ``pets/cat.png``.

    Args:
        folder (str | Path): The folder.
        photos (str | Path, optional): The folder of the photos, if they are in
            subfolders of it. By default all maps are in ``folder`` itself, and
            photos must have different names.

    Raises:
        UserError: No such folder, or one without such files.
    """

    def __init__(self, folder, photos=None):
        self.folder = _folder(
            'folder', folder, 'has a map of regions for each photo')
        self.photos = None if photos is None else _folder(
            'photos', photos, 'has the photos, with their subfolders')
        self._followed = {}  # stem -> photo, without self.photos
        below = self.folder.iterdir if photos is None else (
            lambda: self.folder.rglob('*'))
        if not any(path.suffix in SUFFIXES for path in below()):
            raise UserError(
                f'{shown(self.folder)} has no .png or .npy: it must have a '
                'map of regions for each photo. If they are in subfolders as '
                'the photos are, pass regions.photos= with their folder.')

    def __call__(self, image, meta):
        """See the base class.

        Raises:
            SampleError: A photo without a name or outside ``photos``, a
                missing or damaged file, or one of another size.
            UserError: Two photos of one name, without ``photos``.
        """
        photo = meta.get('img_path')
        if not photo:
            raise SampleError(
                'RegionFiles finds regions by the name of the photo, but this '
                'image comes from no file: use another provider of regions.')
        stem = self._stem(photo)
        path = find_regions(self.folder, stem)
        if path is None:
            raise SampleError(
                f'{shown(photo)} has no map of regions: neither '
                f'{shown(self.folder / stem)}.png nor .npy exists.')
        regions, size = read_regions(path), tuple(meta['ori_shape'][:2])
        if regions.shape != size:
            raise SampleError(
                f'{shown(path)} is a map of {_sized(regions.shape)}, but '
                f'{shown(photo)} has {_sized(size)} pixels.')
        return regions

    def _stem(self, photo):
        """str: The photo's path below the photos, without suffix."""
        if self.photos is not None:
            stem = stem_of(photo, self.photos)
            if stem is None:
                raise SampleError(f'{shown(photo)} is not in {self.photos}, '
                                  'the folder that regions.photos= names.')
            return stem
        stem, path = Path(photo).stem, os.path.realpath(photo)
        other = self._followed.setdefault(stem, path)
        if other != path:
            raise UserError(
                f'{shown(other)} and {shown(path)} would have the same map of '
                'regions: pass regions.photos= with the folder of all photos, '
                'so that maps are found in the same subfolders, or give '
                'photos different names.')
        return stem


def stem_of(photo, photos):
    """Name the map of a photo.

    Args:
        photo (str | Path): Its path.
        photos (str | Path): The folder of all photos.

    Returns:
        str | None: The path below ``photos``, without suffix and with '/';
        None if it is not there.
    """
    for plain in (os.path.abspath, os.path.realpath):
        path, folder = Path(plain(photo)), plain(photos)
        if path.is_relative_to(folder):
            return path.relative_to(folder).with_suffix('').as_posix()
    return None


def _folder(name, value, what):
    """Path: An option that is a folder."""
    if not isinstance(value, (str, os.PathLike)):
        raise UserError(
            f'regions.{name} must be a folder, but got {value!r}.')
    folder = Path(value).expanduser()
    if not folder.is_dir():
        raise UserError(
            f'No folder at {shown(folder)}; regions.{name}= {what}.')
    return folder


def find_regions(folder, stem):
    """Path | None: The map of a photo, by the result of :func:`stem_of`."""
    return next((path for path in (
        folder / f'{stem}{suffix}' for suffix in SUFFIXES) if path.exists()),
        None)


def read_regions(path):
    """Read a map of regions.

    Args:
        path (Path): ``.png`` or ``.npy``.

    Returns:
        ndarray: (H, W) int64.

    Raises:
        SampleError: It cannot be read, or is no map of integers from 0.
    """
    try:
        if path.suffix == '.npy':
            regions, kind = np.load(path, allow_pickle=False), ''
            if not isinstance(regions, np.ndarray):
                regions.close()
                raise TypeError('it is an archive of arrays (.npz)')
        else:
            with open_image(path) as file:
                regions, kind = np.asarray(file), f', mode {file.mode}'
                if file.mode not in _MODES:
                    regions = regions.astype(float)
    except Exception as e:  # a damaged header may raise anything
        raise SampleError(f'{shown(path)} cannot be read as a map of regions: '
                          f'{shown(e).rstrip(".") or type(e).__name__}.'
                          ) from e
    if regions.ndim != 2 or regions.dtype.kind not in 'iub' or (
            regions.size and not 0 <= int(regions.min()) <= int(
                regions.max()) < 2**63):
        raise SampleError(
            f'{shown(path)} is no map of regions: it must hold integers from '
            f'0 below 2^63, (H, W), but holds {regions.dtype} {regions.shape}'
            f'{kind}{_range(regions)}.')
    return regions.astype(np.int64)


def write_regions(regions, folder, stem):
    """Write a map of regions.

    Args:
        regions (ndarray): (H, W) integers, 0 for none.
        folder (Path): Where to.
        stem (str): Of the photo's name, with its subfolders.

    Returns:
        Path: A ``.png`` with regions numbered from 1, of 8 or 16 bits; with
        more than 65535 a ``.npy``.

    Raises:
        NotOursError: A file of the user is there.
    """
    ids, numbers = np.unique(regions, return_inverse=True)
    numbers = numbers.reshape(regions.shape) + (ids[0] != 0)
    most = numbers.max()
    path = folder / f'{stem}{".npy" if most > _MOST else ".png"}'
    check_replaceable(path)
    with atomic_write(path) as temporary:
        if most > _MOST:
            np.save(temporary, numbers.astype(np.int32))
        else:
            save_image(temporary, Image.fromarray(numbers.astype(
                np.uint8 if most < 256 else np.uint16)))
    return path


def _range(regions):
    """str: ' from -1 to 5', of a map of integers."""
    return f' from {regions.min()} to {regions.max()}' if (
        regions.size and regions.dtype.kind in 'iu') else ''


def _sized(shape):
    """str: '640 x 480', width first as photos are named."""
    return ' x '.join(map(str, reversed(shape)))
