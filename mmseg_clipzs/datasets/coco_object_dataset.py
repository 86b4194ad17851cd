"""COCO-Object: the dataset, and masks from COCO's instance annotations."""
import contextlib
import io
from pathlib import Path

import numpy as np
from mmseg.datasets import COCOStuffDataset
from mmseg.registry import DATASETS
from PIL import Image

from mmseg_clipzs.labels import IGNORE_INDEX
from mmseg_clipzs.utils import (
    UserError,
    atomic_write,
    check_replaceable,
    import_optional,
)
from mmseg_clipzs.visualization import save_image

_THINGS = 80  # COCO-Stuff lists the 80 object classes first


@DATASETS.register_module()
class CocoObjectDataset(COCOStuffDataset):
    """COCO-Object: background and 80 objects, from COCO-Stuff's masks.

    Files are those of ``COCOStuffDataset``. Stuff classes and unlabelled
    pixels are mapped to class 0 on loading. Masks written by
    :func:`write_masks` work as well.
    """
    METAINFO = dict(
        classes=('background', *COCOStuffDataset.METAINFO['classes'][:_THINGS]
                 ),
        palette=[[0, 0, 0], *COCOStuffDataset.METAINFO['palette'][:_THINGS]])

    @classmethod
    def get_label_map(cls, new_classes=None):
        """dict[int, int]: Label in the mask -> class index."""
        stuff = range(_THINGS, len(COCOStuffDataset.METAINFO['classes']))
        return {**{thing: thing + 1 for thing in range(_THINGS)},
                **dict.fromkeys([*stuff, IGNORE_INDEX], 0)}


def write_masks(instances, folder, progress=iter):
    """Convert COCO's ``instances_*.json`` to masks in COCO-Stuff's format.

    ``NAME_labelTrainIds.png`` holds object labels, 0 to 79, and 255
    elsewhere. Smaller objects are drawn over larger ones, and all objects
    over crowd regions.

    Args:
        instances (str | Path): COCO's annotation file.
        folder (str | Path): Output folder.
        progress (Callable): Wraps the sequence of images, for example
            ``tqdm``.

    Returns:
        int: Number of masks written.

    Raises:
        UserError: pycocotools is not installed, or the file is missing or
            does not hold COCO instances.
    """
    coco = import_optional('pycocotools.coco', 'coco', 'COCO-Object')
    if not Path(instances).is_file():
        raise UserError(f'No file at {instances}.')
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # COCO() prints
            data = coco.COCO(instances)
        labels = {
            key: COCOStuffDataset.METAINFO['classes'].index(value['name'])
            for key, value in data.cats.items()}
        if not labels:
            raise ValueError('no categories')
    except (ValueError, KeyError, AssertionError, UnicodeDecodeError) as e:
        raise UserError(
            f'{instances} does not hold COCO instances: {e!r}.') from e
    names = [f'{Path(image["file_name"]).stem}_labelTrainIds.png'
             for image in data.dataset['images']]
    # COCO-Stuff's masks have the same names.
    check_replaceable(*(Path(folder) / name for name in names))
    for image, name in zip(progress(data.dataset['images']), names):
        mask = np.full((image['height'], image['width']), IGNORE_INDEX,
                       np.uint8)
        objects = data.loadAnns(data.getAnnIds(image['id']))
        for each in sorted(objects, reverse=True, key=lambda each: (
                each['iscrowd'], each['area'])):
            mask[data.annToMask(each) == 1] = labels[each['category_id']]
        with atomic_write(Path(folder) / name) as path:
            save_image(path, Image.fromarray(mask))
    return len(data.dataset['images'])
