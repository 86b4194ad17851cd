"""The settings that every run needs."""
from pathlib import Path

from .cpu import fit_to_cpu


def prepare(cfg, job, work_dir=None, launcher='none', visualizer=None):
    """Set where and how a job's config runs.

    Args:
        cfg (Config): Of ``job.load()``; modified in place.
        job (Job): The job.
        work_dir (str | Path, optional): For logs and checkpoints. Default:
            the config's, or ``work_dirs/NAME``.
        launcher (str): As in mmseg's tools.
        visualizer (str | Path, optional): Folder of the pictures, default:
            the work dir.
    """
    cfg.launcher = launcher
    cfg.work_dir = str(work_dir or cfg.get('work_dir')
                       or Path('work_dirs') / job.name)
    if cfg.get('visualizer'):
        # mmengine keeps visualizers by name: with one name, a second run in
        # this process would write into the folder of the first.
        cfg.visualizer.name = str(visualizer or cfg.work_dir)
    fit_to_cpu(cfg)
