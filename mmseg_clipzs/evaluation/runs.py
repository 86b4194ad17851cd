"""Run a config's test and say what came out of it."""
import resource
import time
from pathlib import Path

import torch
from mmengine.runner import Runner

from mmseg_clipzs.compat import fit_to_cpu, name_visualizer
from mmseg_clipzs.datasets.check import check_dataset
from mmseg_clipzs.utils import UserError


def run_test(cfg, checkpoint=None, work_dir=None, data_root=None,
             classes=None, out=None, show=False, show_dir=None, wait_time=2,
             launcher='none', tta=False):
    """Evaluate a config with mmengine's runner.

    Args:
        cfg (Config): A test config of this project or of mmseg.
        checkpoint (str, optional): For models that do not bring weights.
        work_dir (str, optional): Default ``work_dirs/<config's name>``.
        data_root (str, optional): Replaces the data set's root.
        classes (optional): Replaces the model's vocabulary.
        out (str, optional): Folder for the label maps, PNG.
        show, show_dir, wait_time, launcher, tta: As in mmseg's tools/test.py.

    Returns:
        dict: A row of results: method, dataset, protocol, clip, mIoU
        (percent), seconds (the test loop), images_per_second,
        peak_memory_mb (of this process; of the GPU where there is one).

    Raises:
        UserError: The data set is not there, or options do not fit.
    """
    dataset = cfg.test_dataloader.dataset
    if data_root:
        dataset.data_root = data_root
    check_dataset(dataset)
    cfg.launcher = launcher
    cfg.load_from = checkpoint
    cfg.work_dir = work_dir or cfg.get('work_dir') or str(
        Path('work_dirs') / Path(cfg.filename).stem)
    if classes:
        cfg.model.vocabulary = classes
    if out:
        if not isinstance(cfg.test_evaluator, dict):
            raise UserError('--out needs a single test_evaluator.')
        # The metric makes it in the first process only.
        Path(out).mkdir(parents=True, exist_ok=True)
        cfg.test_evaluator.output_dir = out
        cfg.test_evaluator.keep_results = True
    if show or show_dir:
        cfg.default_hooks.visualization.update(
            draw=True, interval=1, show=show, wait_time=wait_time)
        if show_dir:
            cfg.visualizer.save_dir = show_dir
    if tta:
        dataset.pipeline = cfg.tta_pipeline
        cfg.model = dict(cfg.tta_model, module=cfg.model)

    name_visualizer(cfg, show_dir)
    fit_to_cpu(cfg)
    runner = Runner.from_cfg(cfg)
    start = time.perf_counter()
    metrics = runner.test()
    seconds = time.perf_counter() - start
    images = len(runner.test_dataloader.dataset)
    segmentor = cfg.model.get('module', cfg.model)
    return dict(
        method=cfg.get('method', segmentor.type),
        dataset=cfg.get('dataset_name', dataset.type),
        protocol=cfg.get('protocol', 'custom'),
        clip=segmentor.get('clip', {}).get('model'),
        mIoU=round(float(metrics['mIoU']), 2),
        seconds=round(seconds, 2),
        images_per_second=round(images / seconds, 2),
        peak_memory_mb=round(_peak_memory() / 2**20))


def _peak_memory():
    """Bytes."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
