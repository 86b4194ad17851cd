"""COCO-Object: the data set, and its masks from COCO's instances."""
import contextlib
import io
from pathlib import Path

import numpy as np
from mmseg.datasets import COCOStuffDataset
from mmseg.registry import DATASETS
from PIL import Image

from mmseg_clipzs.utils import UserError, atomic_write, import_optional

_THINGS = 80  # COCO-Stuff's first classes are COCO's objects
_UNLABELLED = 255


@DATASETS.register_module()
class CocoObjectDataset(COCOStuffDataset):
    """COCO-Object: 80 objects and background, from COCO-Stuff's annotations.

    The files are those of ``COCOStuffDataset``; stuff, and what nobody
    labelled, becomes class 0 while it is loaded. Masks that
    :func:`write_masks` made from COCO's instances serve as well.

    Args:
        kwargs: As for ``COCOStuffDataset``.
    """
    METAINFO = dict(
        classes=('background', *COCOStuffDataset.METAINFO['classes'][:_THINGS]
                 ),
        palette=[[0, 0, 0], *COCOStuffDataset.METAINFO['palette'][:_THINGS]])

    @classmethod
    def get_label_map(cls, new_classes=None):
        """dict[int, int]: COCO-Stuff's label -> label here."""
        stuff = range(_THINGS, len(COCOStuffDataset.METAINFO['classes']))
        return {**{thing: thing + 1 for thing in range(_THINGS)},
                **dict.fromkeys([*stuff, _UNLABELLED], 0)}


def write_masks(instances, folder, progress=iter):
    """Masks in COCO-Stuff's form from COCO's ``instances_*.json``.

    ``NAME_labelTrainIds.png`` holds an object's label, 0 to 79, and 255
    elsewhere. Where objects overlap the smaller one is seen; a crowd lies
    below all of them.

    Args:
        instances (str | Path): COCO's file, with polygons and RLE.
        folder (str | Path): Where the PNGs go.
        progress (Callable): Wraps the sequence of images, such as ``tqdm``.

    Returns:
        int: How many masks were written.

    Raises:
        UserError: pycocotools is missing, or the file is none of COCO's.
    """
    coco = import_optional('pycocotools.coco', 'coco', 'COCO-Object')
    if not Path(instances).is_file():
        raise UserError(f'No file at {instances}.')
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it prints
            data = coco.COCO(instances)
        labels = {
            key: COCOStuffDataset.METAINFO['classes'].index(value['name'])
            for key, value in data.cats.items()}
        if not labels:
            raise ValueError('there are no categories')
    except (ValueError, KeyError, AssertionError, UnicodeDecodeError) as e:
        raise UserError(
            f'{instances} is no file of COCO\'s instances: {e!r}.') from e
    for image in progress(data.dataset['images']):
        mask = np.full((image['height'], image['width']), _UNLABELLED,
                       np.uint8)
        objects = data.loadAnns(data.getAnnIds(image['id']))
        for each in sorted(objects, reverse=True, key=lambda each: (
                each['iscrowd'], each['area'])):
            mask[data.annToMask(each) == 1] = labels[each['category_id']]
        name = f'{Path(image["file_name"]).stem}_labelTrainIds.png'
        with atomic_write(Path(folder) / name) as path:
            Image.fromarray(mask).save(path)
    return len(data.dataset['images'])
