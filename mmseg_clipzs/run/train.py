"""Train a config."""
from pathlib import Path

import torch
from mmengine.runner import Runner

from mmseg_clipzs.datasets.availability import check_available
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.vocabularies import get_vocabulary

from .common import name_visualizer
from .cpu import fit_to_cpu, plain_attention_on_cpu


def run_train(cfg, work_dir=None, data_root=None, photos=None, classes=None,
              resume=False, amp=False, launcher='none'):
    """Train with mmengine's runner.

    Args:
        cfg (Config): A training config of this project or of mmseg.
        work_dir (str, optional): Default ``work_dirs/<config's name>``.
        data_root (str, optional): Replaces the root of the training data, and
            of those for validation where it is the same.
        photos (str, optional): A folder of photos to train on, without
            labels, in place of the data set; nothing is validated then.
        classes (optional): Replaces the teacher's vocabulary.
        resume (bool): Go on from the last checkpoint of ``work_dir``.
        amp (bool): Automatic mixed precision: float16 on a GPU, bfloat16 on
            a CPU.
        launcher (str): As in mmseg's tools/train.py.

    Returns:
        Runner: After the training.

    Raises:
        UserError: The data are not there, or options do not fit.
    """
    if classes:
        if 'teacher' not in cfg.model:
            raise UserError('--classes needs a model with a teacher.')
        cfg.model.teacher.vocabulary = classes
    if photos:
        _train_on_photos(cfg, photos)
    datasets = _datasets(cfg)
    replaced = datasets[0].get('data_root')
    for dataset in datasets:
        if data_root and dataset.get('data_root') == replaced:
            dataset.data_root = data_root
        check_available(dataset)
    cfg.launcher = launcher
    cfg.resume = resume
    cfg.work_dir = work_dir or cfg.get('work_dir') or str(
        Path('work_dirs') / Path(cfg.filename).stem)
    if amp:
        cfg.optim_wrapper.update(
            dict(type='AmpOptimWrapper', loss_scale='dynamic')
            if torch.cuda.is_available() else
            dict(type='Bfloat16OptimWrapper'))
    name_visualizer(cfg)
    fit_to_cpu(cfg)
    runner = Runner.from_cfg(cfg)
    with plain_attention_on_cpu():
        runner.train()
    return runner


def _datasets(cfg):
    """The configs of all data sets that a training touches."""
    found = []
    for name in ('train_dataloader', 'val_dataloader'):
        dataset = (cfg.get(name) or {}).get('dataset', {})
        found += dataset.get('datasets', [dataset] if dataset else [])
    return found


def _train_on_photos(cfg, photos):
    vocabulary = get_vocabulary(cfg.model.teacher.get('vocabulary') or '')
    cfg.train_dataloader.dataset = dict(
        type='PhotoFolderDataset', data_root=photos,
        metainfo=dict(classes=vocabulary.classes),
        pipeline=[step for step in cfg.train_pipeline
                  if step['type'] not in ('LoadAnnotations', 'HideLabels')])
    for name in ('val_dataloader', 'val_evaluator', 'val_cfg',
                 'test_dataloader', 'test_evaluator', 'test_cfg'):
        cfg[name] = None
    if 'val_interval' in cfg.train_cfg:
        cfg.train_cfg.val_interval = cfg.train_cfg.max_iters + 1
