"""Look at every file of a data set."""
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS, TRANSFORMS
from PIL import Image

from mmseg_clipzs.utils import UserError

from .availability import check_available
from .check_sample import CheckSample
from .images import read_image

_CONTEXT = {'val.txt': 5104, 'train.txt': 4996}
_COCO = {'val2017': 5000, 'train2017': 118287}
# data set -> name of the list or the folder of photos -> how many there are
_OFFICIAL = {
    'PascalVOCDataset': {'val.txt': 1449, 'train.txt': 1464, 'aug.txt': 9118},
    'PascalContextDataset': _CONTEXT,
    'PascalContextDataset59': _CONTEXT,
    'COCOStuffDataset': _COCO,
    'CocoObjectDataset': _COCO,
    'CityscapesDataset': {'val': 500, 'train': 2975},
    'ADE20KDataset': {'validation': 2000, 'training': 20210},
}


@dataclass
class ValidationReport:
    """What was found in the files of one data set.

    Attributes:
        dataset (str): Its type.
        split (str): Its list, or its folder of photos.
        photos (int, optional): How many it has; None where it has no list of
            photos (image-text data: only folders and files are looked for).
        official (int, optional): How many the published split has.
        opened (int): Photos that were decoded, with their masks.
        problems (list[str]): One line each; empty if all is well.
    """
    dataset: str
    split: str
    photos: int | None = None
    official: int | None = None
    opened: int = 0
    problems: list[str] = field(default_factory=list)


def validate_dataset(dataset, most=None, progress=iter):
    """Look at every file of a data set.

    Every photo, and every mask if the pipeline loads masks, must be there and
    be readable; masks must have their photo's size and no label beyond the
    classes; the number of photos must be that of the published split.

    Args:
        dataset (dict): The config of a plain data set (see ``check.leaf_datasets``).
        most (int, optional): Open this many pairs only, evenly spread;
            whether files exist is looked at for all of them.
        progress (Callable): Wraps the sequence of pairs, such as ``tqdm``.

    Returns:
        ValidationReport: With all problems.
    """
    name = dataset['type']
    split = Path(dataset.get('ann_file') or dataset.get(
        'data_prefix', {}).get('img_path') or '.')
    found = ValidationReport(name, str(split))
    try:
        check_available(dataset)
        if not issubclass(DATASETS.get(name), BaseSegDataset):
            return found
        built = DATASETS.build(
            {**dataset, 'pipeline': [], 'serialize_data': False})
    except UserError as e:
        found.problems.append(str(e))
        return found

    found.photos = len(built)
    if not dataset.get('indices'):
        found.official = _OFFICIAL.get(name, {}).get(split.name)
    if not found.photos:
        found.problems.append(f'There are no photos in {split}.')
    elif found.official not in (None, found.photos):
        found.problems.append(
            f'There are {found.photos} photos in {split}, but the published '
            f'split has {found.official}.')
    load = [step for step in dataset.get('pipeline', [])
            if step['type'] == 'LoadAnnotations']
    load = TRANSFORMS.build(load[0]) if load else None
    stride = 1 if most is None else -(-found.photos // most)
    for i in progress(range(found.photos)):
        info = built.get_data_info(i)
        paths = [info['img_path']] + [info['seg_map_path']] * bool(load)
        problem = next((f'{path} does not exist.' for path in paths
                        if not Path(path).is_file()), None)
        if not problem and i % stride == 0:
            found.opened += 1
            problem = _wrong_with(info, load, built)
        if problem:
            found.problems.append(problem)
    return found


def _wrong_with(info, load, dataset):
    """str | None: What is wrong with a photo and its mask."""
    try:
        info['ori_shape'] = read_image(info['img_path']).shape[:2]
        if load is None:
            return None
        path = info['seg_map_path']
        try:
            info = load(info)
        except Exception as e:  # decoders raise anything at a damaged file
            return f'The mask {path} is damaged: {e}.'
        labels = CheckSample()(info)['gt_seg_map']
    except UserError as e:
        return str(e)
    classes = len(dataset.metainfo['classes'])
    beyond = (labels >= classes) & (labels != dataset.ignore_index)
    if not beyond.any():
        return None
    with Image.open(path) as file:
        values = np.unique(np.asarray(file)[beyond])
    return (f'The mask {path} has labels that are none of the {classes} '
            f'classes of {type(dataset).__name__}: '
            f'{", ".join(map(str, values[:10]))}.')
