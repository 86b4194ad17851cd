from mmseg.evaluation import IoUMetric
from mmseg.registry import METRICS


@METRICS.register_module()
class ClassIoUMetric(IoUMetric):
    """mmseg's ``IoUMetric`` that also keeps the IoU of each class.

    Attributes:
        class_iou (dict[str, float], optional): Class -> IoU in percent, NaN if
            the class neither occurs nor is predicted. Set by the evaluation,
            in the main process only.
    """
    class_iou = None

    def compute_metrics(self, results):
        """Same as ``IoUMetric``."""
        metrics = super().compute_metrics(results)
        if not self.format_only:
            intersect, union = (sum(area) for area in list(zip(*results))[:2])
            self.class_iou = dict(zip(
                self.dataset_meta['classes'],
                (100 * (intersect / union)).tolist()))  # (C, )
        return metrics
