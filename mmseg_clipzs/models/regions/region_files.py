"""Regions that were found before, one file for each photo."""
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
    none. It has the size of the upright photo.

    Args:
        folder (str | Path): The folder.

    Raises:
        UserError: No such folder, or one without such files.
    """

    def __init__(self, folder):
        self.folder = Path(folder).expanduser()
        if not self.folder.is_dir():
            raise UserError(f'No folder at {shown(self.folder)}; regions.'
                            'folder= has a map of regions for each photo.')
        if not any(path.suffix in SUFFIXES for path in self.folder.iterdir()):
            raise UserError(f'{shown(self.folder)} has no .png or .npy: it '
                            'must have a map of regions for each photo.')

    def __call__(self, image, meta):
        """See the base class.

        Raises:
            SampleError: A photo without a name, a missing or damaged file, or
                one of another size.
        """
        photo = meta.get('img_path')
        if not photo:
            raise SampleError(
                'RegionFiles finds regions by the name of the photo, but this '
                'image comes from no file: use another provider of regions.')
        stem = Path(photo).stem
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


def find_regions(folder, stem):
    """Path | None: The map of a photo, by the stem of its name."""
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
            regions.size and int(regions.min()) < 0):
        raise SampleError(
            f'{shown(path)} is no map of regions: it must hold integers from '
            f'0, (H, W), but holds {regions.dtype} {regions.shape}{kind}.')
    return regions.astype(np.int64)


def write_regions(regions, folder, stem):
    """Write a map of regions.

    Args:
        regions (ndarray): (H, W) integers, 0 for none.
        folder (Path): Where to.
        stem (str): Of the photo's name.

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


def _sized(shape):
    """str: '640 x 480', width first as photos are named."""
    return ' x '.join(map(str, reversed(shape)))
