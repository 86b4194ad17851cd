"""Validate the files of a dataset."""
import copy
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS, TRANSFORMS

from mmseg_clipzs.utils import UserError, other_case

from .availability import check_available
from .check_sample import CheckSample
from .fit_loading import fit_loading
from .image_text import ImageTextDataset, ImageTextShards
from .image_text.image_text_shards import parse_sample
from .image_text.shard_files import list_shards, read_shard
from .images import read_image
from .load_labels import LoadLabels
from .mask_summary import MaskSummary

# As annotated, and as the conversion with the package "detail" finds them.
_CONTEXT = {'val.txt': (5104, 5105), 'train.txt': (4996, 4998)}
_COCO = {'val2017': 5000, 'train2017': 118287}
# dataset -> name of the list or image folder -> number of images. SBD's list
# aug.txt has no image of train.txt; trainaug.txt is both.
_OFFICIAL = {
    'PascalVOCDataset': {'val.txt': 1449, 'train.txt': 1464, 'aug.txt': 9118,
                         'trainaug.txt': 10582},
    'PascalContextDataset': _CONTEXT,
    'PascalContextDataset59': _CONTEXT,
    'COCOStuffDataset': _COCO,
    'CocoObjectDataset': _COCO,
    'CityscapesDataset': {'val': 500, 'train': 2975},
    'ADE20KDataset': {'validation': 2000, 'training': 20210},
}


# Shards opened with a limit on the samples: evenly spaced, so many of each.
_OF_A_SHARD = 25


@dataclass
class ValidationReport:
    """Result of :func:`validate_dataset`.

    Attributes:
        dataset (str): Type of the dataset.
        split (str): Its list, its image folder or its shards.
        images (int, optional): Number of images; None if the data cannot be
            listed, or for shards that are not read as a whole.
        official (int, optional): Number of images in the official split.
        opened (int): Number of images decoded, with their masks or captions.
        problems (list[str]): One line per problem.
        notes (list[str]): Explanations of the problems, and what may be
            right, such as classes that occur in no mask.
    """
    dataset: str
    split: str
    images: int | None = None
    official: int | None = None
    opened: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def validate_dataset(dataset, most=None, progress=iter):
    """Check every file of a dataset.

    All images, and all masks if the pipeline loads annotations, must exist
    and be readable. Masks must have the size of their image and only known
    labels. Settings that all masks contradict, and classes that occur in none
    of them, are named. The number of images must match the official split.
    Pairs of an image and a text need an image that can be read and a caption.

    Args:
        dataset (dict): Config of a dataset without wrappers; see
            :func:`mmseg_clipzs.datasets.availability.leaf_datasets`.
        most (int, optional): Open at most this many samples, evenly spaced;
            the existence of all files is checked nevertheless.
        progress (Callable): Wraps the sequence of samples or shards, for
            example ``tqdm``.

    Returns:
        ValidationReport: With all problems found.
    """
    name = dataset['type']
    split = dataset.get('urls') or dataset.get('ann_file') or dataset.get(
        'data_prefix', {}).get('img_path') or dataset.get('data_root') or '.'
    report = ValidationReport(name, ', '.join(
        [split] if isinstance(split, str) else split))
    kind = DATASETS.get(name)
    try:
        check_available(dataset)
        if issubclass(kind, ImageTextShards):
            _check_shards(report, dataset, most, progress)
        elif issubclass(kind, (BaseSegDataset, ImageTextDataset)):
            built = DATASETS.build(
                {**dataset, 'pipeline': [], 'serialize_data': False})
            _count(report, dataset, len(built))
            check, summary = (
                (_pair_check, None) if kind is ImageTextDataset
                else _mask_check(dataset, built))
            _check_files(report, built, check, most, progress)
            if summary:
                report.problems += summary.problems()
                report.notes += summary.notes()
    except UserError as e:
        report.problems.append(str(e))
    return report


def _count(report, dataset, images):
    """Compare the number of images with the official split's."""
    report.images = images
    official = () if dataset.get('indices') else _OFFICIAL.get(
        report.dataset, {}).get(Path(report.split).name, ())
    official = official if isinstance(official, tuple) else (official, )
    report.official = official[0] if official else None
    if not images:
        report.problems.append(f'{report.split} has no images.')
    elif official and images not in official:
        report.problems.append(
            f'{report.split} has {images} images, but the official split has '
            f'{" or ".join(map(str, official))}.')


def _check_files(report, dataset, check, most, progress):
    """Check that all files exist, and open some or all.

    Args:
        report (ValidationReport): Completed.
        dataset (BaseDataset): As built, without a pipeline.
        check (tuple): Keys of the files' paths, and a function: sample ->
            problem or None.
        most, progress: See :func:`validate_dataset`.
    """
    keys, problem_of = check
    stride = 1 if most is None else -(-report.images // most)
    for i in progress(range(report.images)):
        info = dataset.get_data_info(i)
        problem = next((f'{info[key]} does not exist.'
                        f'{other_case(info[key])}' for key in keys
                        if not Path(info[key]).is_file()), None)
        if not problem and i % stride == 0:
            report.opened += 1
            problem = problem_of(info)
        if problem:
            report.problems.append(problem)


def _pair_problem(info):
    try:
        read_image(info['img_path'], info.get('img_bytes'))
    except UserError as e:
        return str(e)


_pair_check = ('img_path', ), _pair_problem


def _check_shards(report, dataset, most, progress):
    """Read all shards, or the first samples of some."""
    shards = list_shards(dataset['urls'], dataset.get('data_root', ''))
    each = None if most is None else min(_OF_A_SHARD, most)
    stride = 1 if most is None else -(-len(shards) * each // most)
    for path in progress(shards[::stride]):
        for key, members in islice(read_shard(path), each):
            report.opened += 1
            try:
                problem = _pair_problem(parse_sample(path, key, members))
            except UserError as e:
                problem = str(e)
            if problem:
                report.problems.append(problem)
    if most is None:
        report.images = report.opened


def _mask_check(dataset, built):
    """Keys and function for :func:`_check_files`; a MaskSummary, if any."""
    dataset = copy.deepcopy(dict(dataset))
    fit_loading(dataset)
    load = [step for step in dataset.get('pipeline', [])
            if step['type'] == LoadLabels.__name__]
    if not load:
        return (('img_path', ), _image_problem), None
    summary = MaskSummary(
        TRANSFORMS.build(load[0]), built.metainfo['classes'])
    return (('img_path', 'seg_map_path'),
            partial(_mask_problem, summary=summary)), summary


def _image_problem(info):
    try:
        read_image(info['img_path'])
    except UserError as e:
        return str(e)


def _mask_problem(info, summary):
    """str | None: What is wrong with an image or its mask."""
    try:
        info['ori_shape'] = read_image(info['img_path']).shape[:2]
        info['gt_seg_map'] = summary.labels(info)
        CheckSample()(info)
    except UserError as e:
        return str(e)
