import numpy as np
from mmengine.logging import print_log
from mmseg.registry import METRICS

from mmseg_clipzs.utils import UserError

from .class_iou_metric import ClassIoUMetric


@METRICS.register_module()
class ZeroShotIoUMetric(ClassIoUMetric):
    """mmseg's mIoU, and that of seen and unseen classes apart.

    Adds ``seen``, ``unseen`` (mean IoU, percent) and ``harmonic``, the
    harmonic mean of the two, to the metrics of ``IoUMetric``.

    Args:
        unseen (Sequence[str]): Names of the unseen classes.
        seen (Sequence[str], optional): By default all others; classes in
            neither list count in the overall mIoU only.
        kwargs: As for ``IoUMetric``.

    Raises:
        UserError: A class in both lists, or unknown to the data set.
    """

    def __init__(self, unseen, seen=None, **kwargs):
        super().__init__(**kwargs)
        both = sorted(set(unseen) & set(seen or ()))
        if both or not unseen:
            raise UserError(
                f'{both[0]!r} is in both lists, seen and unseen.' if both
                else 'unseen= names no class.')
        self.unseen = list(unseen)
        self.seen = seen

    def compute_metrics(self, results):
        """As ``IoUMetric``, with the three figures added."""
        metrics = super().compute_metrics(results)
        if self.format_only:
            return metrics
        iou, classes = self.class_iou, list(self.class_iou)
        seen = self.seen or [c for c in classes if c not in self.unseen]
        unknown = [c for c in [*seen, *self.unseen] if c not in classes]
        if unknown:
            raise UserError(f'{unknown[0]!r} is no class of the data set, '
                            f'which has {", ".join(classes)}.')
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
