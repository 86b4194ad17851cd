from .class_iou_metric import ClassIoUMetric
from .runs import run_alone, run_test
from .zero_shot_iou_metric import ZeroShotIoUMetric

__all__ = ['ClassIoUMetric', 'ZeroShotIoUMetric', 'run_alone', 'run_test']
