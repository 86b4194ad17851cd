"""Say what is missing before a run starts."""
from pathlib import Path

from mmseg_clipzs.utils import UserError


def check_dataset(dataset):
    """Whether a data set's folders and lists exist.

    Args:
        dataset (dict): Its config, with ``data_root``, ``data_prefix`` and
            ``ann_file``.

    Raises:
        UserError: Names the missing folder or file and how to get it.
    """
    inner = dataset.get('datasets') or [dataset.get('dataset')]
    if inner[0]:  # ConcatDataset, RepeatDataset and their kind
        for each in inner:
            check_dataset(each)
        return
    root = Path(dataset.get('data_root') or '.')
    wanted = [root / folder for folder in dataset.get(
        'data_prefix', {}).values() if folder]
    if dataset.get('ann_file'):
        wanted.append(root / dataset['ann_file'])
    missing = [path for path in [root, *wanted] if not path.exists()]
    if missing:
        recipe = (
            f'python tools/make_toy_scenes.py --out {root} makes the scenes.'
            if dataset.get('type') == 'ToyScenesDataset' else
            'docs/prepare_data.md says how to get it; --data-root FOLDER '
            'says where it lies.')
        raise UserError(
            f'The data set {dataset.get("type")} is not complete: '
            f'{missing[0]} does not exist. {recipe}')
