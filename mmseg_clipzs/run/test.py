"""Test a job and return a row of results."""
import math
import time
from pathlib import Path

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmseg_clipzs.checkpoints import weights_of
from mmseg_clipzs.datasets import unique_names
from mmseg_clipzs.datasets.availability import check_available
from mmseg_clipzs.engine import ImageFilesHook
from mmseg_clipzs.engine.unwrap import unwrap
from mmseg_clipzs.models.segmentors.checkpoint_fit import check_fit
from mmseg_clipzs.utils import UserError

from .class_order import ClassOrderHook
from .explain import explain_settings
from .labels import evaluators_of
from .memory import megabytes, peak_memory, reset_peak_memory
from .prepare import prepare
from .segmentor import (
    embeds_config_words,
    has_vocabulary,
    segmentor_of,
    use_trained_classes,
)


def run_test(job, work_dir=None, out=None, show=False, show_dir=None,
             wait_time=2, launcher='none', samples=None):
    """Evaluate a job with mmengine's runner.

    Args:
        job (Job): What to test.
        work_dir (str | Path, optional): Folder for logs; by default
            ``work_dirs/NAME``.
        out (str | Path, optional): Folder for the predicted label maps, PNG.
        show, show_dir, wait_time, launcher: As in mmseg's tools/test.py.
        samples (str | Path, optional): ``.npz`` file for a few predictions;
            see :class:`~mmseg_clipzs.engine.PredictionSamplesHook`.

    Returns:
        dict: A row of results: the entries of :meth:`Job.describe`,
        vocabulary (source of the class names) and prompts (both None for
        models without words), mIoU (percent; None if the evaluator has none,
        as with ``format_only``), seconds (of the test loop),
        images_per_second, peak_memory_mb (of this process, or of its GPU),
        the metric's other figures, such as aAcc and mAcc, and, in the main
        process, class_iou: class -> percent, None for a class that neither
        occurs nor is predicted.

    Raises:
        UserError: Missing data or weights, or options that do not fit.
    """
    job.require_weights()
    cfg = _test_config(job, out, show, show_dir, wait_time, samples)
    prepare(cfg, job, work_dir, launcher, show_dir)
    reset_peak_memory()
    with explain_settings(job):
        runner = Runner.from_cfg(cfg)
        runner.register_hook(_FitHook())
        if not has_vocabulary(segmentor_of(cfg)):
            runner.register_hook(ClassOrderHook())
        if out or show_dir:
            runner.register_hook(_NamesHook())
        if job.classes is not None and not embeds_config_words(
                segmentor_of(cfg)):
            # After the checkpoint is loaded, before VocabularyHook.
            runner.register_hook(_ClassesHook(job.classes), 'ABOVE_NORMAL')
        start = time.perf_counter()
        metrics = runner.test()
    seconds = time.perf_counter() - start
    images = len(runner.test_dataloader.dataset)
    model = unwrap(runner.model, 'set_vocabulary')
    row = dict(
        **job.describe(),
        vocabulary=model and model.vocabulary.source,
        prompts=model and model.prompts,
        mIoU=_pop_miou(metrics),
        seconds=round(seconds, 2),
        images_per_second=float(f'{images / seconds:.4g}'),
        peak_memory_mb=megabytes(peak_memory()),
        **{key: round(float(value), 2) for key, value in metrics.items()})
    for metric in runner.test_evaluator.metrics:
        if getattr(metric, 'class_iou', None):
            row['class_iou'] = {
                name: None if math.isnan(value) else round(value, 2)
                for name, value in metric.class_iou.items()}
    return row


def _pop_miou(metrics):
    """float | None: The mIoU, which may have the evaluator's prefix."""
    key = next((key for key in metrics
                if key.rpartition('/')[2] == 'mIoU'), None)
    return None if key is None else round(float(metrics.pop(key)), 2)


def _test_config(job, out, show, show_dir, wait_time, samples):
    """The job's config, completed for testing."""
    cfg = job.load()
    for key in ('test_dataloader', 'test_evaluator', 'test_cfg'):
        if not cfg.get(key):
            raise UserError(f'{job.name} has no {key}, which a test needs.')
    check_available(cfg.test_dataloader.dataset)
    use_trained_classes(cfg)
    if out:
        evaluators = evaluators_of(cfg, 'test_evaluator')
        if len(evaluators) != 1:
            raise UserError('--out needs a single test_evaluator.')
        # The metric creates the folder in the main process only.
        Path(out).mkdir(parents=True, exist_ok=True)
        evaluators[0].update(output_dir=str(out), keep_results=True)
    if show or show_dir:
        drawing = cfg.default_hooks.visualization
        drawing.update(draw=True, interval=1, show=show, wait_time=wait_time)
        if drawing.type in ('SegVisualizationHook',
                            'mmseg.SegVisualizationHook'):
            drawing.type = ImageFilesHook.__name__
    if show_dir:
        cfg.visualizer.save_dir = str(show_dir)
    if samples:
        cfg.custom_hooks = [*cfg.get('custom_hooks', []), dict(
            type='PredictionSamplesHook', path=str(samples))]
    return cfg


class _FitHook(Hook):
    """Refuse the checkpoint of another model, which mmengine would load."""

    def after_load_checkpoint(self, runner, checkpoint):
        check_fit(unwrap(runner.model, 'encode_decode'),
                  weights_of(checkpoint))


class _NamesHook(Hook):
    """Give the results of each image a name of their own."""

    def before_test(self, runner):
        dataset = runner.test_dataloader.dataset
        names = unique_names(dataset)
        for each in (*runner.hooks, *runner.test_evaluator.metrics):
            if hasattr(each, 'names'):
                each.names = names
                each.dataset_meta = dataset.metainfo


class _ClassesHook(Hook):
    """Set the classes of a trained model."""

    def __init__(self, classes):
        self.classes = classes

    def before_test(self, runner):
        unwrap(runner.model, 'set_vocabulary').set_vocabulary(self.classes)
