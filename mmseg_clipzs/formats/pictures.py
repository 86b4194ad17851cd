"""Results as pictures for people."""
import os

from PIL import Image

from mmseg_clipzs.datasets.images import SampleError
from mmseg_clipzs.utils import atomic_write, shown
from mmseg_clipzs.visualization import (
    Style,
    grouping_sheet,
    picture,
    save_image,
    titled_heat_map,
)

from .base import Format, file_text

_MOST = 255  # bytes of a file's name
_SIDES = {'jpg': 65535, 'webp': 16383}  # pixels


class Pictures(Format):
    """Pictures in one of several image formats.

    Args:
        folder, classes, palette: See :class:`Format`.
        style (Style, optional): How they look.
    """

    def __init__(self, folder, classes, palette, style=None):
        super().__init__(folder, classes, palette)
        self.style = style or Style()

    def path(self, name, what):
        """Path: File of one picture of a photo.

        Args:
            name (str): Name of the photo.
            what (str): Which picture, for the end of the file's name.
        """
        return self.folder / f'{name}_{what}.{self.style.image_format}'

    def save(self, path, image):
        """Write a picture.

        Args:
            path (Path): The file.
            image (ndarray): (H, W, 3) uint8 RGB.

        Raises:
            SampleError: It is too large for the image format.
        """
        kind, side = self.style.image_format, max(image.shape)
        if side > _SIDES.get(kind, side):
            raise SampleError(
                f'{shown(path)} would have {side:,} pixels a side, but {kind} '
                f'files have up to {_SIDES[kind]:,}: take png.')
        with atomic_write(path) as temporary:
            save_image(temporary, Image.fromarray(image),
                       self.style.compression, self.style.quality)


class Overlay(Pictures):
    """``NAME_overlay.png``: the classes painted over the photo."""

    def paths(self, name):
        return [self.path(name, 'overlay')]

    def write(self, result):
        path, = self.paths(result.name)
        self.save(path, picture(result.photo, result.mask, self.classes,
                                self.palette, self.style))
        return dict(files=self.relative(path))


class HeatMaps(Pictures):
    """``NAME_heat_INDEX_CLASS.png``: the probability of each class."""

    def paths(self, name):
        return [self.path(name, self._end(name, i))
                for i in range(len(self.classes))]

    def write(self, result):
        paths = self.paths(result.name)
        for path, name, score in zip(paths, self.classes, result.scores):
            self.save(path, titled_heat_map(result.photo, score, name))
        return dict(files=self.relative(*paths))

    def _end(self, name, index):
        """str: End of a heat map's name, which fits the file system."""
        name = name.rpartition('/')[2]
        room = _MOST - len(os.fsencode(
            f'{name}_heat_{index}_.{self.style.image_format}'))
        safe = file_text(self.classes[index]).encode()[:max(room, 0)]
        return f'heat_{index}_{safe.decode("utf-8", "ignore")}'


class Groups(Pictures):
    """``NAME_groups.png``: the groups of GroupViT after each stage."""

    def paths(self, name):
        return [self.path(name, 'groups')]

    def write(self, result):
        if result.groups is None:
            return dict(files=[])
        path, = self.paths(result.name)
        self.save(path, grouping_sheet(
            result.photo, result.groups, result.mask, self.classes,
            self.palette, self.style.opacity, self.style.outlines))
        return dict(files=self.relative(path))
