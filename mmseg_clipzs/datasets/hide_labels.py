import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from mmseg_clipzs.labels import HIDDEN_LABEL
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.vocabularies import get_vocabulary


@TRANSFORMS.register_module()
class HideLabels(BaseTransform):
    """Hide the labels of unseen classes, for zero-shot training.

    Belongs directly behind ``LoadAnnotations``, before anything looks at the
    labels. Their pixels become -1, "not labelled".

    Required keys: gt_seg_map. Modified keys: gt_seg_map, to int16.

    Args:
        classes: All classes in the data set's order, as for
            :func:`mmseg_clipzs.vocabularies.get_vocabulary`.
        unseen (Sequence[str]): Display names of those to hide.

    Raises:
        UserError: A name that is not among the classes.
    """

    def __init__(self, classes, unseen):
        if not unseen:
            raise UserError('unseen= names no class to hide.')
        self.unseen = get_vocabulary(classes).indices(unseen)

    def transform(self, results):
        """Hide.

        Args:
            results (dict): With ``gt_seg_map`` (H, W).

        Returns:
            dict: With ``gt_seg_map`` (H, W) int16.
        """
        labels = results['gt_seg_map'].astype(np.int16)
        labels[np.isin(labels, self.unseen)] = HIDDEN_LABEL
        results['gt_seg_map'] = labels
        return results

    def __repr__(self):
        return f'{type(self).__name__}(unseen={self.unseen})'
