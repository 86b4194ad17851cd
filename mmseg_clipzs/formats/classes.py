"""Each class of a photo as an image of its own."""
import numpy as np
from PIL import Image

from mmseg_clipzs.utils import atomic_write, is_ours
from mmseg_clipzs.visualization import save_image

from .base import Format, foreground


class ClassFormat(Format):
    """``FORMAT/INDEX_CLASS/NAME.png`` for each class of a photo.

    A class that does not occur in a photo has no file.
    """
    name, indices = '', ()

    def paths(self, name):
        return [self._path(name, index) for index in self.indices]

    def _path(self, name, index):
        safe = ''.join(c if c.isalnum() else '_'
                       for c in self.classes[index][:40])
        return self.folder / f'{self.name}/{index}_{safe}/{name}.png'

    def write(self, result):
        present, written = np.unique(result.mask), []
        for index in self.indices:
            path = self._path(result.name, index)
            if index in present:
                with atomic_write(path) as temporary:
                    save_image(temporary, self.image(
                        result, result.mask == index))
                written.append(path)
            elif is_ours(path):  # of an earlier run
                path.unlink()
        return dict(files=self.relative(*written))

    def image(self, result, mask):
        """PIL.Image.Image: The pixels of a class, with what is around them.

        Args:
            result (ZeroShotResult): The result.
            mask (ndarray): (H, W) bool.
        """
        raise NotImplementedError


class Binary(ClassFormat):
    """Grey masks: 255 for the class, 0 for others and ignored pixels."""
    name = 'binary'

    def __init__(self, folder, classes, palette):
        super().__init__(folder, classes, palette)
        self.indices = range(len(classes))

    def image(self, result, mask):
        return Image.fromarray(mask.astype(np.uint8) * 255)


class Cutout(ClassFormat):
    """The photo's pixels of a class on a transparent ground.

    As large as the photo, so that cut-outs can be laid over each other and
    over the photo. The pixels around are black below their transparency. The
    background has none.
    """
    name = 'cutout'

    def __init__(self, folder, classes, palette):
        super().__init__(folder, classes, palette)
        self.indices = foreground(classes)

    def image(self, result, mask):
        return Image.fromarray(np.dstack([
            result.photo * mask[..., None], mask.astype(np.uint8) * 255]))
