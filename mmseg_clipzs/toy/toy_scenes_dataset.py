import mmengine.fileio as fileio
from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from mmseg_clipzs.utils import UserError

from .scenes import CLASSES, PALETTE


@DATASETS.register_module()
class ToyScenesDataset(BaseSegDataset):
    """Toy scenes in VOC layout, as ``tools/make_toy_scenes.py`` writes them.

    Eight objects on four grounds; every pixel has a class, the mask's value
    is the class index.

    Args:
        ann_file (str): List of picture names, such as
            ``ImageSets/Segmentation/val.txt``.
        img_suffix (str): Suffix of the pictures.
        seg_map_suffix (str): Suffix of the masks.
        reduce_zero_label (bool): Stays False: class 0 is an object.

    Raises:
        UserError: The scenes have not been made.
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
                    f'{path} is missing; make the toy scenes with `python '
                    f'tools/make_toy_scenes.py --out {self.data_root}`.')
        return super().load_data_list()
