"""Results as pictures for people."""
import os

from PIL import Image

from mmseg_clipzs.utils import atomic_write
from mmseg_clipzs.visualization import grouping_sheet, heat_map, save_image

from .base import Format

_MOST = 255  # bytes of a file's name


def _save(path, image):
    with atomic_write(path) as temporary:
        save_image(temporary, Image.fromarray(image))


class Overlay(Format):
    """``NAME_overlay.png``: the classes painted over the photo."""
    help = 'NAME_overlay.png, the classes over the photo, with a legend'

    def paths(self, name):
        return [self.folder / f'{name}_overlay.png']

    def write(self, result):
        path, = self.paths(result.name)
        _save(path, result.picture())
        return dict(files=self.relative(path))


class HeatMaps(Format):
    """``NAME_heat_INDEX_CLASS.png``: the probability of each class."""
    help = 'NAME_heat_INDEX_CLASS.png, the probability of each class'

    def paths(self, name):
        return [self.folder / f'{name}_{self._end(name, i)}.png'
                for i in range(len(self.classes))]

    def write(self, result):
        paths = self.paths(result.name)
        for path, score in zip(paths, result.scores):
            _save(path, heat_map(result.photo, score))
        return dict(files=self.relative(*paths))

    def _end(self, name, index):
        """str: End of a heat map's name, which fits the file system."""
        name = name.rpartition('/')[2]
        room = _MOST - len(os.fsencode(f'{name}_heat_{index}_.png'))
        safe = ''.join(c if c.isalnum() else '_'
                       for c in self.classes[index][:40])
        safe = safe.encode()[:max(room, 0)].decode('utf-8', 'ignore')
        return f'heat_{index}_{safe}'


class Groups(Format):
    """``NAME_groups.png``: the groups of GroupViT after each stage."""
    help = 'NAME_groups.png, the groups of each stage (GroupViT)'

    def paths(self, name):
        return [self.folder / f'{name}_groups.png']

    def write(self, result):
        if result.groups is None:
            return dict(files=[])
        path, = self.paths(result.name)
        _save(path, grouping_sheet(
            result.photo, result.groups, result.mask, self.classes,
            self.palette))
        return dict(files=self.relative(path))
