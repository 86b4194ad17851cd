from mmseg_clipzs.utils import atomic_write
from mmseg_clipzs.visualization import save_mask

from .base import Format


class Index(Format):
    """``NAME_mask.png``: the class index of each pixel.

    A palette PNG of 8 bits, where 255 marks ignored pixels; with more than
    255 classes a grey one of 16 bits and 65535. Read by mmseg and by every
    image library.
    """

    def paths(self, name):
        return [self.folder / f'{name}_mask.png']

    def write(self, result):
        path, = self.paths(result.name)
        with atomic_write(path) as temporary:
            save_mask(temporary, result.mask, self.palette)
        return dict(files=self.relative(path))
