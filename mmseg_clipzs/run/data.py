"""The datasets of a config and their locations."""
import logging

from mmengine.logging import print_log

from mmseg_clipzs.datasets.availability import (
    check_available,
    leaf_datasets,
    loads_masks,
)
from mmseg_clipzs.utils import UserError

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def datasets_of(cfg, *loaders):
    """Datasets of a config, without their wrappers.

    Args:
        cfg (Config): Of this project or of mmseg.
        loaders (str): Names of dataloaders, by default :data:`LOADERS`;
            missing ones are skipped.

    Returns:
        list[ConfigDict]: Parts of ``cfg``, not copies.
    """
    return [dataset for loader in loaders or LOADERS if cfg.get(loader)
            for dataset in leaf_datasets(cfg[loader].dataset)]


def require_hook(cfg, hook):
    """Add a custom hook to a config that lacks it.

    Args:
        cfg (Config): Modified in place.
        hook (type): A registered hook.
    """
    hooks = cfg.get('custom_hooks') or []
    if not any(each['type'] in (hook, hook.__name__) for each in hooks):
        cfg.custom_hooks = [*hooks, dict(type=hook.__name__)]


def fit_loaders(cfg):
    """Take out what PyTorch refuses without worker processes.

    Args:
        cfg (Config): Modified in place: loaders with ``num_workers=0``.
    """
    for name in LOADERS:
        loader = cfg.get(name)
        if loader and loader.get('num_workers') == 0:
            if loader.get('persistent_workers') is True:
                loader.persistent_workers = False
            loader.pop('prefetch_factor', None)


def check_training_data(cfg):
    """Check that the data of a training exist.

    A training that loads no labels goes on without validation if only the
    masks to validate on are missing.

    Args:
        cfg (Config): Modified in place if the validation is left out.

    Raises:
        UserError: Missing data; the message says how to get them.
    """
    training, validation = (datasets_of(cfg, f'{name}_dataloader')
                            for name in ('train', 'val'))
    for dataset in training:
        check_available(dataset)
    for dataset in validation:
        check_available(dict(dataset, pipeline=[]))  # all but the masks
    try:
        for dataset in validation:
            check_available(dataset)
    except UserError as e:
        if any(map(loads_masks, training)):
            raise
        print_log(f'Training without validation: {e}', 'current',
                  logging.WARNING)
        drop_validation(cfg)


def check_unseen(cfg):
    """Check that a zero-shot training has one list of unseen classes.

    The model and ``HideLabels`` both have it. With different ones, labels that
    are hidden would be missing in the loss.

    Args:
        cfg (Config): A training config.

    Raises:
        UserError: Different lists.
    """
    named = {'model.unseen': cfg.model.get('unseen')}
    for dataset in datasets_of(cfg, 'train_dataloader'):
        for step in dataset.get('pipeline', []):
            if step['type'] == 'HideLabels':
                source = dataset.get('ann_file') or dataset['type']
                named[f'HideLabels of {source}'] = step['unseen']
    if 'unseen' in cfg:
        named['unseen'] = cfg.unseen
    lists = {where: names if names is None or isinstance(names, str)
             else sorted(names) for where, names in named.items()}
    if any(each != lists['model.unseen'] for each in lists.values()):
        raise UserError(
            'The unseen classes must be the same everywhere, but are ' +
            '; '.join(f'{where}: {names}' for where, names in lists.items()) +
            '. Change them in the file of the dataset, from which the others '
            'are taken, rather than by an option.')


def drop_validation(cfg):
    """Train without validation.

    Args:
        cfg (Config): Modified in place.
    """
    cfg.val_dataloader = cfg.val_evaluator = cfg.val_cfg = None
    if 'val_interval' in cfg.train_cfg:
        cfg.train_cfg.val_interval = cfg.train_cfg.max_iters + 1


def replace_data_root(cfg, data_root, loader):
    """Point a config to another copy of its data.

    Replaces the root of the loader's datasets in all loaders. Datasets with
    other roots are left alone, e.g. validation data of a training on shards.

    Args:
        cfg (Config): Modified in place.
        data_root (str): The new root.
        loader (str): One of :data:`LOADERS`.

    Raises:
        UserError: The loader has no datasets, or datasets with different
            roots.
    """
    roots = {dataset.get('data_root') for dataset in datasets_of(cfg, loader)}
    if len(roots) != 1:
        raise UserError(
            f'--data-root replaces one folder, but {loader} reads from '
            f'{", ".join(sorted(map(str, roots))) or "none"}: set them with '
            '--cfg-options.')
    for dataset in datasets_of(cfg):
        if dataset.get('data_root') in roots:
            dataset.data_root = data_root


def require_one_root(jobs):
    """Refuse one ``data_root`` for jobs with data in several folders.

    Args:
        jobs (Sequence[Job]): Without their own ``data_root``.

    Raises:
        UserError: Several roots; names them.
    """
    roots = {str(dataset.get('data_root'))
             for job in jobs for dataset in datasets_of(job.load())}
    if len(roots) > 1:
        raise UserError('--data-root is for one dataset, but the configs read '
                        f'from {", ".join(sorted(roots))}.')
