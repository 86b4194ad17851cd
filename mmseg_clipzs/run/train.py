"""Train a job."""
import torch
from mmseg.registry import RUNNERS

from mmseg_clipzs.datasets.availability import check_available
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.vocabularies import get_vocabulary

from .cpu import plain_attention_on_cpu
from .data import datasets_of
from .prepare import prepare


def run_train(job, work_dir=None, photos=None, resume=False, amp=False,
              launcher='none'):
    """Train a job with mmengine's runner.

    Args:
        job (Job): What to train; training starts from its checkpoint, if any.
        work_dir (str | Path, optional): Folder for logs and checkpoints; by
            default ``work_dirs/NAME``.
        photos (str | Path, optional): Train on a folder of photos without
            labels instead of the dataset, and skip validation.
        resume (bool): Resume from the last checkpoint in the work dir.
        amp (bool): Automatic mixed precision: float16 on a GPU, bfloat16 on
            a CPU.
        launcher (str): As in mmseg's tools/train.py.

    Returns:
        Runner: After training.

    Raises:
        UserError: Missing data, or options that do not fit.
    """
    if job.tta:
        raise UserError('Test-time augmentation does not apply to training.')
    if photos and job.data_root:
        raise UserError('Training needs either a folder of photos or a data '
                        f'root, but got {photos} and {job.data_root}.')
    cfg = job.load(train=True)
    if not cfg.get('train_dataloader'):
        raise UserError(f'{job.name} has no train_dataloader to train on.')
    if photos:
        _train_on_photos(cfg, job, photos)
    for dataset in datasets_of(cfg, 'train_dataloader', 'val_dataloader'):
        check_available(dataset)
    cfg.resume = resume
    if amp:
        cfg.optim_wrapper.update(
            dict(type='AmpOptimWrapper', loss_scale='dynamic')
            if torch.cuda.is_available() else
            dict(type='Bfloat16OptimWrapper'))
    prepare(cfg, job, work_dir, launcher)
    runner = RUNNERS.build(cfg)  # the config's runner_type, or mmengine's
    with plain_attention_on_cpu():
        runner.train()
    return runner


def _train_on_photos(cfg, job, photos):
    words = cfg.model.get('teacher', {}).get('vocabulary')
    if not words:
        raise UserError(
            f'Training {job.name} on photos needs a model with a teacher, '
            'and --classes with the words to learn.')
    cfg.train_dataloader.dataset = dict(
        type='PhotoFolderDataset', data_root=str(photos),
        metainfo=dict(classes=get_vocabulary(words).classes),
        pipeline=[step for step in cfg.train_pipeline
                  if step['type'] not in ('LoadAnnotations', 'HideLabels')])
    for name in ('val_dataloader', 'val_evaluator', 'val_cfg',
                 'test_dataloader', 'test_evaluator', 'test_cfg'):
        cfg[name] = None
    if 'val_interval' in cfg.train_cfg:
        cfg.train_cfg.val_interval = cfg.train_cfg.max_iters + 1
