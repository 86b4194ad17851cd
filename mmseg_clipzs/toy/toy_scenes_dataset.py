import mmengine.fileio as fileio
from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from mmseg_clipzs.datasets.availability import how_to_get
from mmseg_clipzs.utils import UserError

from .scenes import CLASSES, PALETTE


@DATASETS.register_module()
class ToyScenesDataset(BaseSegDataset):
    """Toy scenes in VOC layout, written by ``clipzs make-toy-scenes``.

    Eight objects and four grounds; mask values are class indices and every
    pixel is labelled.

    Args:
        ann_file (str): List of image names, for example
            ``ImageSets/Segmentation/val.txt``.
        img_suffix (str): Suffix of the images.
        seg_map_suffix (str): Suffix of the masks.
        reduce_zero_label (bool): Must stay False: class 0 is an object.

    Raises:
        UserError: The scenes have not been generated.
    """
    METAINFO = dict(classes=CLASSES, palette=PALETTE)

    def __init__(self,
                 ann_file,
                 img_suffix='.jpg',
                 seg_map_suffix='.png',
                 reduce_zero_label=False,
                 **kwargs):
        super().__init__(
            img_suffix=img_suffix,
            seg_map_suffix=seg_map_suffix,
            reduce_zero_label=reduce_zero_label,
            ann_file=ann_file,
            **kwargs)

    def load_data_list(self):
        for path in (self.data_prefix['img_path'], self.ann_file):
            if not fileio.exists(path, self.backend_args):
                raise UserError(
                    f'{path} does not exist. '
                    f'{how_to_get("ToyScenesDataset", self.data_root)}')
        return super().load_data_list()
