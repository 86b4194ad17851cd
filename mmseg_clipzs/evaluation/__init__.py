from .runs import run_test
from .zero_shot_iou_metric import ZeroShotIoUMetric

__all__ = ['ZeroShotIoUMetric', 'run_test']
