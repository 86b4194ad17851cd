"""Settings of every run."""
from pathlib import Path

from mmseg_clipzs import products
from mmseg_clipzs.utils import check_output, is_first_process, remove_stale

from .class_order import check_class_order
from .cpu import fit_to_cpu
from .labels import fit_labels


def prepare(cfg, job, work_dir=None, launcher='none', visualizer=None):
    """Set work dir, launcher and visualizer of a job's config.

    Its labels are read and counted as :mod:`mmseg_clipzs.labels` says.

    Args:
        cfg (Config): Result of ``job.load()``; modified in place.
        job (Job): The job.
        work_dir (str | Path, optional): Folder for logs and checkpoints; by
            default the config's, or ``work_dirs/NAME``.
        launcher (str): As in mmseg's tools.
        visualizer (str | Path, optional): Folder for drawn predictions; by
            default the work dir.
    """
    choose_products(cfg)
    cfg.launcher = launcher
    cfg.work_dir = str(work_dir or cfg.get('work_dir')
                       or Path('work_dirs') / job.name)
    if is_first_process():
        check_output(cfg.work_dir, 'The work dir')
    if cfg.get('visualizer'):
        # mmengine caches visualizers by name: with the same name, a second
        # run in this process would write to the folder of the first.
        cfg.visualizer.name = str(
            Path(visualizer or cfg.work_dir).absolute())
    remove_stale(cfg.work_dir)
    check_class_order(cfg)
    fit_labels(cfg)
    fit_to_cpu(cfg)


def choose_products(cfg):
    """Use the library for linear layers that a config names, if any.

    Args:
        cfg (Config): With ``env_cfg.products`` or without.

    Raises:
        UserError: It, or ``MMSEG_CLIPZS_PRODUCTS``, is unknown or not in this
            PyTorch.
    """
    products.check_variable()
    name = (cfg.get('env_cfg') or {}).get('products')
    if name is not None:
        products.use(name)
