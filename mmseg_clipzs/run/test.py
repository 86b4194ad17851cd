"""Run a config's test and say what came out of it."""
import math
import time
from pathlib import Path

from mmengine.runner import Runner

from mmseg_clipzs.datasets.availability import check_available
from mmseg_clipzs.engine.vocabulary_hook import unwrap
from mmseg_clipzs.evaluation.class_iou_metric import ClassIoUMetric
from mmseg_clipzs.utils import UserError

from .common import name_visualizer
from .cpu import fit_to_cpu
from .memory import peak_memory, reset_peak_memory


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
        dict: A row of results: method, dataset, protocol, clip, vocabulary
        (where its names are from), prompts (both None for models without),
        mIoU (percent), seconds (the test loop), images_per_second,
        peak_memory_mb (of this process; of the GPU where there is one); the
        metric's other figures, such as aAcc and mAcc; and in the first
        process class_iou: class -> percent, None for a class that neither
        occurs nor is predicted.

    Raises:
        UserError: The data set is not there, or options do not fit.
    """
    dataset = cfg.test_dataloader.dataset
    if data_root:
        dataset.data_root = data_root
    check_available(dataset)
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

    _keep_class_iou(cfg)
    name_visualizer(cfg, show_dir)
    fit_to_cpu(cfg)
    reset_peak_memory()
    runner = Runner.from_cfg(cfg)
    start = time.perf_counter()
    metrics = runner.test()
    seconds = time.perf_counter() - start
    images = len(runner.test_dataloader.dataset)
    model = unwrap(runner.model, 'set_vocabulary')
    row = dict(
        **describe(cfg),
        vocabulary=model and model.vocabulary.source,
        prompts=model and getattr(model, 'teacher', model).prompts,
        mIoU=round(float(metrics.pop('mIoU')), 2),
        seconds=round(seconds, 2),
        images_per_second=round(images / seconds, 2),
        peak_memory_mb=round(peak_memory() / 2**20),
        **{key: round(float(value), 2) for key, value in metrics.items()})
    for metric in runner.test_evaluator.metrics:
        if getattr(metric, 'class_iou', None):
            row['class_iou'] = {
                name: None if math.isnan(value) else round(value, 2)
                for name, value in metric.class_iou.items()}
    return row


def describe(cfg):
    """What a config evaluates.

    Args:
        cfg (Config): A test config of this project or of mmseg.

    Returns:
        dict: method, dataset, protocol, clip: the beginning of a row.
    """
    segmentor = cfg.model.get('module', cfg.model)
    return dict(
        method=cfg.get('method', segmentor.type),
        dataset=cfg.get('dataset_name', cfg.test_dataloader.dataset.type),
        protocol=cfg.get('protocol', 'custom'),
        clip=clip_of(segmentor).get('model'))


def clip_of(segmentor):
    """dict: The ``clip=`` of a segmentor's config; a student's is its
    teacher's."""
    return segmentor.get('teacher', segmentor).get('clip', {})


def _keep_class_iou(cfg):
    """Let mmseg's metric keep the IoU of each class."""
    evaluators = cfg.test_evaluator
    for evaluator in (
            [evaluators] if isinstance(evaluators, dict) else evaluators):
        if evaluator.type in ('IoUMetric', 'mmseg.IoUMetric'):
            evaluator.type = ClassIoUMetric.__name__
