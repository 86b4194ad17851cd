import numpy as np
from mmengine.logging import print_log
from mmseg.registry import METRICS

from mmseg_clipzs.utils import UserError

from .class_iou_metric import ClassIoUMetric


@METRICS.register_module()
class ZeroShotIoUMetric(ClassIoUMetric):
    """mmseg's ``IoUMetric`` with separate figures for seen and unseen classes.

    Adds ``seen`` and ``unseen`` (mIoU in percent) and ``harmonic``, their
    harmonic mean, as in zero-shot segmentation (SPNet, arXiv:1904.03111).

    Args:
        unseen (Sequence[str]): Unseen classes.
        seen (Sequence[str], optional): Default: all others. Classes in neither
            list only count in the overall mIoU.
        kwargs: As for ``IoUMetric``.

    Raises:
        UserError: ``unseen`` is empty, a class is in both lists or not in the
            dataset.
    """

    def __init__(self, unseen, seen=None, **kwargs):
        super().__init__(**kwargs)
        both = sorted(set(unseen) & set(seen or ()))
        if both:
            raise UserError(f'{both[0]!r} is both a seen and an unseen class; '
                            'remove it from one of the two lists.')
        if not unseen:
            raise UserError('ZeroShotIoUMetric needs at least one unseen '
                            'class: unseen=[...].')
        self.unseen = list(unseen)
        self.seen = seen

    def compute_metrics(self, results):
        """Same as ``IoUMetric``, plus ``seen``, ``unseen``, ``harmonic``."""
        metrics = super().compute_metrics(results)
        if self.format_only:
            return metrics
        iou = self.class_iou
        unseen = set(self.unseen)
        seen = self.seen or [name for name in iou if name not in unseen]
        unknown = [name for name in [*seen, *self.unseen] if name not in iou]
        if unknown:
            raise UserError(f'{unknown[0]!r} is not a class of the dataset; '
                            f'choose from {", ".join(iou)}.')
        figures = {
            'seen': np.nanmean([iou[name] for name in seen]),
            'unseen': np.nanmean([iou[name] for name in self.unseen])}
        total = figures['seen'] + figures['unseen']
        figures['harmonic'] = 2 * figures['seen'] * figures[
            'unseen'] / total if total else 0.
        figures = {key: round(float(v), 2) for key, v in figures.items()}
        print_log(', '.join(f'{key} {value}' for key, value
                            in figures.items()), logger='current')
        return {**metrics, **figures}
