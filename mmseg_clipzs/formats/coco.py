import json
import os
from math import isfinite

import cv2
import numpy as np

from mmseg_clipzs.utils import (
    MARK,
    atomic_write,
    check_number,
    import_optional,
)

from .base import foreground, occurring
from .dataset_format import DatasetFormat
from .outlines import outlines

_KEYS = {'category_id', 'segmentation', 'area', 'bbox', 'iscrowd'}


class Coco(DatasetFormat):
    """``coco/``: COCO's JSON with a mask (RLE) for each class of a photo.

    Classes are no instances, and parts of a class that touch or are apart are
    no objects, so a class of a photo is one annotation, as in COCO-Stuff. The
    background is no category: the categories 1, 2, ... are the other classes
    in their order. Ignored pixels are in no mask.

    Args:
        folder, classes, palette, copy_photos: See :class:`DatasetFormat`.

    Raises:
        UserError: pycocotools is not installed.
    """
    name = 'coco'
    readme = '''\
Segmentations as COCO's JSON: annotations/instances_default.json, with file
names relative to images/ or, without it, to the folder of the photos.

CVAT: import the JSON, or this folder as a zip, as "COCO 1.0".
Python: pycocotools.coco.COCO, supervision.DetectionDataset.from_coco.
'''

    def __init__(self, folder, classes, palette, copy_photos=True):
        super().__init__(folder, classes, palette, copy_photos)
        self.foreground = foreground(classes)
        self._rle = import_optional(
            'pycocotools.mask', 'coco', f'The format {self.name}')

    def paths(self, name):
        return [self.root / f'images/{name}.jpg'] * self.copy_photos

    def write(self, result):
        photo = self.paths(result.name)
        self.begin()
        self.write_photo(result, *photo)
        annotations = [
            dict(category_id=position + 1, **annotation, iscrowd=0)
            for position, _, mask in occurring(result.mask, self.foreground)
            for annotation in self.annotations(mask)]
        return {'files': self.relative(*photo), self.name: annotations}

    def annotations(self, mask):
        """Describe the pixels of a class.

        Args:
            mask (ndarray): (H, W) bool.

        Returns:
            list[dict]: COCO's ``segmentation``, ``area`` and ``bbox``.
        """
        rle = self._rle.encode(np.asfortranarray(mask, np.uint8))
        return [dict(
            segmentation=dict(size=rle['size'], counts=rle['counts'].decode()),
            area=int(self._rle.area(rle)),
            bbox=self._rle.toBbox(rle).tolist())]

    def can_finish(self, record):
        found = record.get(self.name)
        return isinstance(found, list) and all(
            self._is_annotation(each, [record['height'], record['width']])
            for each in found)

    def _is_annotation(self, each, size):
        """bool: Whether it is one of :meth:`write`."""
        return isinstance(each, dict) and set(each) == _KEYS and (
            type(each['category_id']) is int
            and 0 < each['category_id'] <= len(self.foreground)
            and self._is_segmentation(each['segmentation'], size)
            and isinstance(each['bbox'], list) and len(each['bbox']) == 4
            and all(isinstance(value, (int, float)) and isfinite(value)
                    for value in (each['area'], *each['bbox'])))

    def _is_segmentation(self, each, size):
        return isinstance(each, dict) and each.get('size') == size and (
            isinstance(each.get('counts'), str))

    def finish(self, records, errors=()):
        self.check_root()
        path = self.root / 'annotations/instances_default.json'
        categories = [
            dict(id=number, name=self.classes[index], supercategory='',
                 color=[int(value) for value in self.palette[index]])
            for number, index in enumerate(self.foreground, 1)]
        # Annotations of millions of photos need not fit into memory.
        images, count = [], 0
        with atomic_write(path) as temporary, open(
                temporary, 'w', encoding='ascii') as file:
            file.write(f'{{"info": {json.dumps(dict(description=MARK))},\n'
                       f'"licenses": [],\n"categories": '
                       f'{json.dumps(categories)},\n"annotations": [')
            for number, record in enumerate(records, 1):
                images.append(json.dumps(dict(
                    id=number, file_name=self._file_name(record),
                    width=record['width'], height=record['height'])))
                for each in record[self.name]:
                    file.write(',\n' if count else '\n')
                    count += 1
                    json.dump(dict(id=count, image_id=number, **each), file)
            file.write('\n],\n"images": [\n' + ',\n'.join(images) + '\n]}\n')
        return [path]

    def _file_name(self, record):
        """str: The photo, from images/ or from the folder that was given."""
        if self.copy_photos:
            return f'{record["name"]}.jpg'
        folder, slash, name = record['name'].rpartition('/')
        file = os.path.basename(record['source'])
        stem, suffix = os.path.splitext(file)
        return folder + slash + (
            file if name in (stem, file) else name + suffix)


class CocoPolygons(Coco):
    """``coco_polygons/``: like :class:`Coco`, with a polygon for each region.

    An annotation is a 4-connected region of a class. Its outline runs along
    the edges of pixels; seams join holes to it.

    Args:
        folder, classes, palette, copy_photos: See :class:`DatasetFormat`.
        tolerance (float): See :func:`outlines`; 0 is exact.

    Raises:
        UserError: pycocotools is not installed, or a bad tolerance.
    """
    name = 'coco_polygons'

    def __init__(self, folder, classes, palette, copy_photos=True,
                 tolerance=0):
        super().__init__(folder, classes, palette, copy_photos)
        self.tolerance = check_number('tolerance', tolerance, '[0, inf)')

    def _is_segmentation(self, each, size):
        return isinstance(each, list) and all(
            isinstance(path, list) and len(path) > 4 for path in each)

    def annotations(self, mask):
        return [_polygon(path) for path in outlines(mask, self.tolerance)]


def _polygon(path):
    left, top = path.min(0).tolist()
    right, bottom = path.max(0).tolist()
    return dict(
        segmentation=[path.ravel().tolist()],
        area=cv2.contourArea(path.astype(np.int32)),
        bbox=[left, top, right - left, bottom - top])
