"""Train a job."""
import logging

import torch
from mmengine.logging import print_log
from mmseg.registry import RUNNERS

from mmseg_clipzs.clip.attention import plain_attention_on_cpu
from mmseg_clipzs.engine.check_weights_hook import CheckWeightsHook
from mmseg_clipzs.utils import UserError

from .data import check_training_data, check_unseen
from .explain import explain_settings
from .interruption import (
    LastCheckpoint,
    interruptible,
    write_whole_checkpoints,
)
from .photos import report_skipped, train_on_photos
from .prepare import prepare
from .student_weights import check_student_weights, set_student_weights


def run_train(job, work_dir=None, photos=None, resume=False, amp=False,
              launcher='none', student_weights=None):
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
        student_weights (str | Path, optional): What the student's backbone
            starts from instead of the config's ImageNet weights: a file, or
            'none' for random weights.

    Returns:
        Runner: After training.

    Raises:
        UserError: Missing data or weights, or options that do not fit.
        KeyboardInterrupt: After Ctrl-C or SIGTERM, with a message that says
            how to go on.
    """
    if job.tta:
        raise UserError('Test-time augmentation does not apply to training.')
    if photos and job.data_root:
        raise UserError('Training needs either a folder of photos or a data '
                        f'root, but got {photos} and {job.data_root}.')
    cfg = job.load(train=True)
    if not cfg.get('train_dataloader'):
        raise UserError(
            f'{job.name} has no train_dataloader to train on. Zero-shot '
            'configs are only tested (clipzs test); maskclip_plus_* and '
            'groupvit_pretrain_* train.')
    if photos:
        train_on_photos(cfg, job, photos)
    report_skipped(cfg)
    check_unseen(cfg)
    check_training_data(cfg)
    cfg.resume = resume
    if amp:
        cfg.optim_wrapper.update(
            dict(type='AmpOptimWrapper', loss_scale='dynamic')
            if torch.cuda.is_available() else
            dict(type='Bfloat16OptimWrapper'))
    prepare(cfg, job, work_dir, launcher)
    write_whole_checkpoints(cfg)
    last = LastCheckpoint(cfg.work_dir, resume)
    if resume and last.path is None and not cfg.get('load_from'):
        print_log(f'--resume found no checkpoint in {cfg.work_dir}: training '
                  'starts from the beginning.', 'current', logging.WARNING)
    if student_weights:
        set_student_weights(cfg, job.name, str(student_weights))
    check_student_weights(cfg, job.name, resumes=last.path is not None)

    def progress(iteration):
        said = f'Interrupted at iteration {iteration}; '
        if last.path is None:
            return (f'{said}nothing was saved: the same command starts again '
                    '(default_hooks.checkpoint.interval=N saves more often).')
        instead = ' instead of a checkpoint' * bool(cfg.get('load_from'))
        return (f'{said}last checkpoint {last.path}; go on with '
                f'--resume{instead}.')

    with interruptible(progress) as stop:
        with explain_settings(job):
            # The config's runner_type, or mmengine's.
            runner = RUNNERS.build(cfg)
            runner.register_hook(stop)
            runner.register_hook(CheckWeightsHook(), 'VERY_HIGH')
            with plain_attention_on_cpu():
                runner.train()
    return runner
