"""Train on a folder of photos."""
from mmseg_clipzs.datasets.availability import leaf_datasets
from mmseg_clipzs.engine import DataStateHook
from mmseg_clipzs.models.segmentors.vocabulary_mixin import dataset_meta
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.vocabularies import get_vocabulary

from .data import datasets_of, drop_validation, require_hook


def train_on_photos(cfg, job, photos):
    """Replace the training data by a folder of photos without labels.

    The pipeline is kept, without labels, and so is everything that the job's
    options set on the dataset.

    Args:
        cfg (Config): Result of ``job.load(train=True)``; modified in place.
        job (Job): The job.
        photos (str | Path): Folder of images.

    Raises:
        UserError: No teacher, no words, or a training that reads labels.
    """
    words = cfg.model.get('teacher', {}).get('vocabulary')
    if not words:
        raise UserError(
            f'Training {job.name} on photos needs a model with a teacher, '
            'and --classes with the words to learn.')
    if cfg.model.get('unseen') is not None:
        raise UserError(
            f'{job.name} reads labels (unseen=), which photos do not have; '
            'train an annotation-free config on them, e.g. '
            'maskclip_plus_photos.')
    vocabulary = get_vocabulary(words)
    if cfg.model.get('learn_background'):
        vocabulary = vocabulary.with_background()
    given = _changes(cfg, job.replace(options={}).load(train=True))
    pipeline = given.get('pipeline', next(
        leaf_datasets(cfg.train_dataloader.dataset)).pipeline)
    cfg.train_dataloader.dataset = {
        'type': 'PhotoFolderDataset', **given, 'data_root': str(photos),
        'metainfo': {**dataset_meta(vocabulary), **given.get('metainfo', {}),
                     'classes': vocabulary.classes},
        'pipeline': [step for step in pipeline if step['type'] not in (
            'LoadAnnotations', 'HideLabels')]}
    drop_validation(cfg)
    for name in ('test_dataloader', 'test_evaluator', 'test_cfg'):
        cfg[name] = None


def report_skipped(cfg):
    """Let a training on photos say which ones cannot be read.

    Args:
        cfg (Config): A training config; modified in place.
    """
    if any(dataset.type == 'PhotoFolderDataset'
           for dataset in datasets_of(cfg, 'train_dataloader')):
        require_hook(cfg, DataStateHook)


def _changes(cfg, original):
    """dict: Settings of the training dataset, or of the first one that it
    wraps, that differ from the original's."""
    found = {}
    wrapper, old_wrapper = (
        each.train_dataloader.dataset for each in (cfg, original))
    leaf, old_leaf = map(next, map(leaf_datasets, (wrapper, old_wrapper)))
    for new, old in ((wrapper, old_wrapper), (leaf, old_leaf)):
        found.update({
            key: value for key, value in new.items()
            if key not in ('dataset', 'datasets') and (
                key not in old or value != old[key])})
    return found
