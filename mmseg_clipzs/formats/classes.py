"""Each class of a photo as an image of its own."""
import numpy as np
from PIL import Image

from mmseg_clipzs.utils import atomic_write, is_ours
from mmseg_clipzs.visualization import save_image

from .base import file_text, foreground, occurring
from .folder_format import FolderFormat


class ClassFormat(FolderFormat):
    """``FORMAT/INDEX_CLASS/NAME.png`` for each class of a photo.

    A class that does not occur in a photo has no file.
    """
    indices = ()

    def paths(self, name):
        return [self._path(name, index) for index in self.indices]

    def _path(self, name, index):
        safe = file_text(self.classes[index])
        return self.root / f'{index}_{safe}/{name}.png'

    def write(self, result):
        self.begin()
        written = []
        for _, index, mask in occurring(result.mask, self.indices):
            path = self._path(result.name, index)
            with atomic_write(path) as temporary:
                save_image(temporary, self.image(result, mask))
            written.append(path)
        for path in set(self.paths(result.name)) - set(written):
            if is_ours(path):  # of an earlier run
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
    readme = '''\
A black and white mask of each class of each photo: INDEX_CLASS/NAME.png, white
where the class is. A class that does not occur in a photo has none.
'''

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
    readme = '''\
The pixels of each class of each photo on a transparent ground, as large as the
photo: INDEX_CLASS/NAME.png. A class that does not occur in a photo has none.
'''

    def __init__(self, folder, classes, palette):
        super().__init__(folder, classes, palette)
        self.indices = foreground(classes)

    def image(self, result, mask):
        return Image.fromarray(np.dstack([
            result.photo * mask[..., None], mask.astype(np.uint8) * 255]))
