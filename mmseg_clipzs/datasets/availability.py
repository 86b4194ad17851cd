"""Check that a dataset exists before a run starts."""
from functools import partial
from pathlib import Path

from mmseg_clipzs.utils import UserError, check_is_file

from .image_text.image_text_shards import require_usable
from .image_text.shard_files import list_shards

_IMAGE_TEXT = ('See docs/image_text_data.md for how to prepare it, or pass '
               'its location with --data-root FOLDER.')
_HOW_TO_GET = {
    'ToyScenesDataset':
    'Generate the scenes with `clipzs make-toy-scenes --out {root}`.',
    'ImageTextDataset': _IMAGE_TEXT,
    'ImageTextShards': _IMAGE_TEXT,
    'toy_captions':
    'Generate it with `clipzs make-toy-scenes --out {root} '
    '--train 20000 --val 0 --size 64 --seed 2 --varied`.',
    'PhotoFolderDataset': 'Give the folder of your photos with --photos.',
    'other': 'See docs/prepare_data.md for how to get it, or pass its '
    'location with --data-root FOLDER.',
}


def how_to_get(name, root):
    """Instructions for getting a dataset.

    Args:
        name (str): Type of the dataset.
        root (str | Path): Its data root.

    Returns:
        str: One sentence for an error message.
    """
    if name == 'ImageTextDataset' and Path(root).name == 'toy_captions':
        name = 'toy_captions'
    return _HOW_TO_GET.get(name, _HOW_TO_GET['other']).format(root=root)


def leaf_datasets(dataset):
    """Unwrap ConcatDataset, RepeatDataset and similar wrappers.

    Args:
        dataset (dict | Dataset): A dataset or its config.

    Yields:
        dict | Dataset: Each wrapped dataset, or ``dataset`` itself.
    """
    get = dataset.get if isinstance(dataset, dict) else (
        partial(getattr, dataset))
    inner = get('datasets', None) or [get('dataset', None)]
    if inner[0] is None:
        yield dataset
        return
    for each in inner:
        yield from leaf_datasets(each)


def loads_masks(dataset):
    """bool: Whether the pipeline of a dataset's config loads annotations."""
    return any(step['type'] in ('LoadAnnotations', 'LoadLabels')
               for step in all_steps(dataset.get('pipeline', ())))


def all_steps(pipeline):
    """Yield all steps of a pipeline, also those inside of others (TTA)."""
    for step in pipeline:
        if isinstance(step, (list, tuple)):
            yield from all_steps(step)
        else:
            yield step
            yield from all_steps(step.get('transforms', ()))


def check_available(dataset):
    """Check that the folders and lists of a dataset exist.

    A folder of masks is only needed if the pipeline loads annotations.

    Args:
        dataset (dict): Config with ``data_root``, ``data_prefix``,
            ``ann_file`` and ``pipeline``, or ``urls``; wrappers are
            unwrapped.

    Raises:
        UserError: A folder or file is missing; the message says how to get
            the dataset.
    """
    for each in leaf_datasets(dataset):
        _check_paths(each)


def _check_paths(dataset):
    name = dataset.get('type')
    root = Path(dataset.get('data_root') or '.')
    wanted = [root / folder for key, folder in dataset.get(
        'data_prefix', {}).items()
        if folder and (key != 'seg_map_path' or loads_masks(dataset))]
    lists = [root / dataset[key] for key in ('ann_file', 'split')
             if dataset.get(key)]
    missing = [path for path in [root, *wanted, *lists] if not path.exists()]
    if missing:
        raise UserError(
            f'The dataset {name} is incomplete: {missing[0]} does not exist. '
            f'{how_to_get(name, root)}')
    for path in lists:
        if path.suffix == '.txt':
            _check_names(path)
    if name == 'ImageTextShards':
        try:
            require_usable(list_shards(dataset['urls'], root))
        except UserError as e:
            raise UserError(f'{e} {how_to_get(name, root)}') from e


def _check_names(path):
    """Refuse a list that names no image.

    mmseg takes a folder for no list, and then all images.
    """
    what = 'a list of image names'
    try:
        text = check_is_file(path, what).read_text(encoding='utf-8')
    except (UnicodeDecodeError, OSError) as e:
        raise UserError(f'{path} cannot be read as {what}: '
                        f'{str(e).rstrip(".")}.') from e
    if not text.strip():
        raise UserError(f'{path} is empty; expected {what}, one per line.')
