import re

import numpy as np
import yaml

from mmseg_clipzs.utils import MARK, check_number

from .base import foreground, occurring
from .dataset_format import DatasetFormat
from .outlines import outlines


class Yolo(DatasetFormat):
    """``yolo/``: polygons as Ultralytics reads them, one a line.

    The background has none: the classes 0, 1, ... are the others in their
    order. A line is a 4-connected region. YOLO has no holes: seams join them
    to the outline, so that ``cv2.fillPoly`` leaves them out.

    Args:
        folder, classes, palette, copy_photos: See :class:`DatasetFormat`.
        tolerance (float): See :func:`outlines`; 0 is exact.

    Raises:
        UserError: A bad tolerance.
    """
    name = 'yolo'
    readme = '''\
Segmentations as polygons for Ultralytics: labels/train/NAME.txt, a line for
each region with its class and x y x y ..., divided by width and height.

    yolo segment train data=data.yaml

data.yaml names these photos for training and for validation: move some of
them and their labels to images/val and labels/val, and name images/val there.
'''

    def __init__(self, folder, classes, palette, copy_photos=True,
                 tolerance=0):
        super().__init__(folder, classes, palette, copy_photos)
        self.tolerance = check_number('tolerance', tolerance, '[0, inf)')
        self.foreground = foreground(classes)

    def paths(self, name):
        photo = [self.root / f'images/train/{name}.jpg'] * self.copy_photos
        # As Ultralytics finds it: beside the last folder called images.
        above, _, below = f'/images/train/{name}'.rpartition('/images/')
        labels = f'{above}/labels/{below}.txt'.lstrip('/')
        return [*photo, self.root / labels]

    def write(self, result):
        *photo, labels = self.paths(result.name)
        self.begin()
        self.write_photo(result, *photo)
        size = np.array(result.mask.shape[::-1])
        lines = []
        for number, _, mask in occurring(result.mask, self.foreground):
            for path in outlines(mask, self.tolerance, pixels=True):
                # A quarter into the pixel: truncated (Ultralytics) or rounded
                # (supervision), it is the same pixel.
                points = ((path + 0.25) / size).ravel()
                lines.append(f'{number} ' + ' '.join(
                    f'{value:.6f}' for value in points) + '\n')
        self.put_text(labels, ''.join(lines))
        return dict(files=self.relative(*photo, labels))

    def finish(self, records, errors=()):
        self.check_root()
        path = self.root / 'data.yaml'
        names = {number: str(self.classes[index])
                 for number, index in enumerate(self.foreground)}
        # PyYAML folds YAML's old line breaks of Unicode unless it escapes.
        breaks = re.search('[\x85\u2028\u2029]', ''.join(names.values()))
        self.put_text(path, f'# {MARK}\n' + yaml.safe_dump(
            dict(train='images/train', val='images/train', names=names),
            allow_unicode=not breaks, sort_keys=False))
        return [path]
