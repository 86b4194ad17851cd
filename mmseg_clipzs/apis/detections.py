"""Results as detections of the ``supervision`` package."""
import cv2
import numpy as np

from mmseg_clipzs.formats.base import foreground
from mmseg_clipzs.utils import check_flag, check_number, import_optional


def to_detections(result, regions=False, background=False, min_area=1):
    """Convert a result; see :meth:`.ZeroShotResult.to_detections`."""
    supervision = import_optional(
        'supervision', 'supervision', 'to_detections()')
    check_flag('regions', regions)
    check_flag('background', background)
    check_number('min_area', min_area, '[1, inf)', int)
    classes = range(len(result.classes)) if background else foreground(
        result.classes)
    found = [(index, mask) for index in classes for mask in _areas(
        result.mask == index, regions) if np.count_nonzero(mask) >= min_area]
    if not found:
        nothing = supervision.Detections.empty()
        nothing.data['class_name'] = np.empty(0, str)
        return nothing
    index, masks = zip(*found)
    masks, confidence = np.stack(masks), result.confidence
    return supervision.Detections(
        xyxy=supervision.mask_to_xyxy(masks).astype(np.float32),
        mask=masks,
        confidence=None if confidence is None else np.array(
            [confidence[mask].mean(dtype=np.float64) for mask in masks],
            np.float32),
        class_id=np.array(index),
        data={'class_name': np.array([result.classes[i] for i in index])})


def _areas(mask, regions):
    """Yields: (H, W) bool, a mask or each of its connected regions."""
    if not regions:
        yield mask
        return
    count, labels = cv2.connectedComponents(
        mask.astype(np.uint8), connectivity=8)
    for i in range(1, count):
        yield labels == i
