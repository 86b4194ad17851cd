"""Say what is missing before a run starts."""
from pathlib import Path

from mmseg_clipzs.datasets.image_text.shard_files import list_shards
from mmseg_clipzs.utils import UserError

_IMAGE_TEXT = ('docs/image_text_data.md says how to prepare it; --data-root '
               'FOLDER says where it lies.')
_RECIPES = {
    'ToyScenesDataset':
    'python tools/make_toy_scenes.py --out {root} makes the scenes.',
    'ImageTextDataset': _IMAGE_TEXT,
    'ImageTextShards': _IMAGE_TEXT,
    'toy_captions':
    'python tools/make_toy_scenes.py --out {root} --train 20000 --val 0 '
    '--size 64 --seed 2 --varied makes the captions.',
    'other': 'docs/prepare_data.md says how to get it; --data-root FOLDER '
    'says where it lies.',
}


def leaf_datasets(dataset):
    """Data sets inside ConcatDataset, RepeatDataset and their kind.

    Args:
        dataset (dict): A config.

    Yields:
        dict: The config of each plain data set in it, or ``dataset`` itself.
    """
    inner = dataset.get('datasets') or [dataset.get('dataset')]
    if not inner[0]:
        yield dataset
        return
    for each in inner:
        yield from leaf_datasets(each)


def check_available(dataset):
    """Whether a data set's folders and lists exist.

    Args:
        dataset (dict): Its config, with ``data_root``, ``data_prefix`` and
            ``ann_file``, or ``urls``.

    Raises:
        UserError: Names the missing folder or file and how to get it.
    """
    for each in leaf_datasets(dataset):
        _check_folders(each)


def _check_folders(dataset):
    name = dataset.get('type')
    root = Path(dataset.get('data_root') or '.')
    recipe = _RECIPES.get(name, _RECIPES['other'])
    if name == 'ImageTextDataset' and root.name == 'toy_captions':
        recipe = _RECIPES['toy_captions']
    wanted = [root / folder for folder in dataset.get(
        'data_prefix', {}).values() if folder]
    wanted += [root / dataset[key] for key in ('ann_file', 'split')
               if dataset.get(key)]
    missing = [path for path in [root, *wanted] if not path.exists()]
    if missing:
        raise UserError(
            f'The data set {name} is not complete: {missing[0]} does not '
            f'exist. {recipe.format(root=root)}')
    if name == 'ImageTextShards':
        try:
            list_shards(dataset['urls'], root)
        except UserError as e:
            raise UserError(f'{e} {recipe}') from e
