from .class_iou_metric import ClassIoUMetric
from .zero_shot_iou_metric import ZeroShotIoUMetric

__all__ = ['ClassIoUMetric', 'ZeroShotIoUMetric']
