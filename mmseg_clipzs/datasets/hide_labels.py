import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from mmseg_clipzs.labels import HIDDEN_LABEL
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.vocabularies import get_vocabulary


@TRANSFORMS.register_module()
class HideLabels(BaseTransform):
    """Hide the labels of unseen classes, or all labels but the ignored ones.

    Place it directly after ``LoadAnnotations``, before any transform that
    reads labels. Hidden pixels get ``mmseg_clipzs.labels.HIDDEN_LABEL``.

    Required keys: gt_seg_map. Modified keys: gt_seg_map, to int16, or int32
    for more than 255 classes.

    Args:
        classes: All classes in the order of the dataset; see
            :func:`mmseg_clipzs.vocabularies.get_vocabulary`.
        unseen (Sequence[str] | str): Display names of the classes to hide, or
            'all': only ignored pixels stay as they are.

    Raises:
        UserError: No class to hide, or an unknown one.
    """

    def __init__(self, classes, unseen):
        if not unseen:
            raise UserError('HideLabels needs at least one class to hide: '
                            'unseen=[...].')
        self.unseen = get_vocabulary(classes).indices(unseen)

    def transform(self, results):
        """Hide labels.

        Args:
            results (dict): With ``gt_seg_map`` (H, W).

        Returns:
            dict: With ``gt_seg_map`` (H, W) int16 or int32.
        """
        labels = results['gt_seg_map']
        labels = labels.astype(np.promote_types(labels.dtype, np.int16))
        labels[np.isin(labels, self.unseen)] = HIDDEN_LABEL
        results['gt_seg_map'] = labels
        return results

    def __repr__(self):
        return f'{type(self).__name__}(unseen={self.unseen})'
