from mmseg.evaluation import IoUMetric
from mmseg.registry import METRICS


@METRICS.register_module()
class ClassIoUMetric(IoUMetric):
    """mmseg's mIoU, which keeps the IoU of each class.

    Attributes:
        class_iou (dict[str, float], optional): Class -> percent, NaN for a
            class that neither occurs nor is predicted. After the evaluation,
            in the first process.
    """
    class_iou = None

    def compute_metrics(self, results):
        """As ``IoUMetric``."""
        metrics = super().compute_metrics(results)
        if not self.format_only:
            intersect, union = (sum(area) for area in list(zip(*results))[:2])
            self.class_iou = dict(zip(
                self.dataset_meta['classes'],
                (100 * (intersect / union)).tolist()))  # (C, )
        return metrics
