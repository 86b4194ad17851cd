import numpy as np
from PIL import Image

from mmseg_clipzs.datasets.images import SampleError
from mmseg_clipzs.labels import IGNORE_INDEX, ignore_index
from mmseg_clipzs.utils import MARK, UserError, atomic_write, shown
from mmseg_clipzs.visualization import save_image, voc_palette

from .base import foreground
from .dataset_format import DatasetFormat


class Voc(DatasetFormat):
    """``voc/``: the layout of Pascal VOC, as CVAT and mmseg read it.

    Index 0 is the background, or no class for a vocabulary without one; the
    other classes follow in their order. Ignored pixels have index 255 for
    those who read indices, and the background's colour for those who read
    colours, which would refuse one that is no label's. ``SegmentationObject``
    has one object for each class, without which CVAT would import the
    background as a mask.

    Args:
        folder, classes, palette, copy_photos: See :class:`DatasetFormat`. The
            colours are VOC's.

    Raises:
        UserError: More than 254 classes besides the background, or a name
            that labelmap.txt cannot hold.
    """
    name = 'voc'
    readme = '''\
Segmentations in the layout of Pascal VOC.

CVAT: zip this folder and import it as "Segmentation mask 1.1".
MMSegmentation: BaseSegDataset with img_path "JPEGImages", seg_map_path
"SegmentationClass", img_suffix ".jpg" and the classes of labelmap.txt without
the background, with reduce_zero_label=True. Or with the background, without
reduce_zero_label.
'''

    def __init__(self, folder, classes, palette, copy_photos=True):
        super().__init__(folder, classes, palette, copy_photos)
        self.foreground = foreground(classes)
        self.names = ['background', *(classes[i] for i in self.foreground)]
        if len(self.names) > IGNORE_INDEX:
            raise UserError(
                f'The format voc holds {IGNORE_INDEX - 1} classes and the '
                f'background, but got {len(self.names) - 1}: choose coco or '
                'index, or fewer classes.')
        for name in self.names:
            if ':' in name or not _fits(name):
                raise UserError(
                    f'The labelmap.txt of the format voc cannot hold the '
                    f'class {shown(repr(name))}: names there have no colon '
                    'or line break, no # first, and no blanks around. '
                    'Rename the class, or choose the format coco.')
        table = np.zeros(ignore_index(len(classes)) + 1, np.uint8)
        table[-1] = IGNORE_INDEX
        table[self.foreground] = np.arange(1, len(self.names))
        self._indices = table
        self._colours = np.zeros((IGNORE_INDEX + 1, 3), np.uint8)
        self._colours[:len(self.names)] = voc_palette(
            len(self.names), background=True)

    def check(self, name):
        super().check(name)
        if not _fits(name):
            raise SampleError(
                f'The lists of the format voc cannot hold the photo '
                f'{shown(repr(name))}: names there have no line break, no # '
                'first, and no blanks around. Rename the photo.')

    def paths(self, name):
        photo = [self.root / f'JPEGImages/{name}.jpg'] * self.copy_photos
        return photo + [self.root / f'Segmentation{kind}/{name}.png'
                        for kind in ('Class', 'Object')]

    def write(self, result):
        *photo, labels, objects = self.paths(result.name)
        self.begin()
        self.write_photo(result, *photo)
        mask = Image.fromarray(self._indices[result.mask])
        mask.putpalette(self._colours.tobytes())
        for path in (labels, objects):
            with atomic_write(path) as temporary:
                save_image(temporary, mask)
        return dict(files=self.relative(*photo, labels, objects))

    def finish(self, records, errors=()):
        self.check_root()
        labelmap = self.root / 'labelmap.txt'
        lines = [f'# {MARK}', '# label:color_rgb:parts:actions'] + [
            f'{name}:{r},{g},{b}::'
            for name, (r, g, b) in zip(self.names, self._colours)]
        self.put_text(labelmap, ''.join(f'{line}\n' for line in lines))
        listed = self.root / 'ImageSets/Segmentation/default.txt'
        self.put_text(listed, ''.join(
            f'{record["name"]}\n' for record in records))
        return [labelmap, listed]


def _fits(line):
    """bool: Whether readers of lists get this line as it is."""
    return line.splitlines() == [line.strip()] and line[0] != '#'
