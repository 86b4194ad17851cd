"""Validate the files of a dataset."""
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
# dataset -> name of the list or image folder -> number of images
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
    """Result of :func:`validate_dataset`.

    Attributes:
        dataset (str): Type of the dataset.
        split (str): Its list, or its image folder.
        images (int, optional): Number of images; None for image-text data,
            where only folders and lists are checked.
        official (int, optional): Number of images in the official split.
        opened (int): Number of images decoded, with their masks.
        problems (list[str]): One line per problem.
    """
    dataset: str
    split: str
    images: int | None = None
    official: int | None = None
    opened: int = 0
    problems: list[str] = field(default_factory=list)


def validate_dataset(dataset, most=None, progress=iter):
    """Check every file of a dataset.

    All images, and all masks if the pipeline loads annotations, must exist
    and be readable. Masks must have the size of their image and only known
    labels. The number of images must match the official split.

    Args:
        dataset (dict): Config of a dataset without wrappers; see
            :func:`mmseg_clipzs.datasets.availability.leaf_datasets`.
        most (int, optional): Open at most this many evenly spaced samples;
            the existence of all files is checked nevertheless.
        progress (Callable): Wraps the sequence of samples, for example
            ``tqdm``.

    Returns:
        ValidationReport: With all problems found.
    """
    name = dataset['type']
    split = Path(dataset.get('ann_file') or dataset.get(
        'data_prefix', {}).get('img_path') or '.')
    report = ValidationReport(name, str(split))
    try:
        check_available(dataset)
        if not issubclass(DATASETS.get(name), BaseSegDataset):
            return report
        built = DATASETS.build(
            {**dataset, 'pipeline': [], 'serialize_data': False})
    except UserError as e:
        report.problems.append(str(e))
        return report

    report.images = len(built)
    if not dataset.get('indices'):
        report.official = _OFFICIAL.get(name, {}).get(split.name)
    if not report.images:
        report.problems.append(f'{split} has no images.')
    elif report.official not in (None, report.images):
        report.problems.append(
            f'{split} has {report.images} images, but the official split has '
            f'{report.official}.')
    load = [step for step in dataset.get('pipeline', [])
            if step['type'] == 'LoadAnnotations']
    load = TRANSFORMS.build(load[0]) if load else None
    stride = 1 if most is None else -(-report.images // most)
    for i in progress(range(report.images)):
        info = built.get_data_info(i)
        paths = [info['img_path']] + [info['seg_map_path']] * bool(load)
        problem = next((f'{path} does not exist.' for path in paths
                        if not Path(path).is_file()), None)
        if not problem and i % stride == 0:
            report.opened += 1
            problem = _sample_problem(info, load, built)
        if problem:
            report.problems.append(problem)
    return report


def _sample_problem(info, load, dataset):
    """str | None: What is wrong with an image or its mask."""
    try:
        info['ori_shape'] = read_image(info['img_path']).shape[:2]
        if load is None:
            return None
        path = info['seg_map_path']
        try:
            info = load(info)
        except Exception as e:  # decoders raise all kinds of errors
            return f'The mask {path} is damaged: {e}.'
        labels = CheckSample()(info)['gt_seg_map']
    except UserError as e:
        return str(e)
    classes = len(dataset.metainfo['classes'])
    unknown = (labels >= classes) & (labels != dataset.ignore_index)
    if not unknown.any():
        return None
    with Image.open(path) as file:
        values = np.unique(np.asarray(file)[unknown])
    return (f'The mask {path} has labels outside the {classes} classes of '
            f'{type(dataset).__name__}: {", ".join(map(str, values[:10]))}.')
