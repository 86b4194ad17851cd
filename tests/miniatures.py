"""Miniatures of the eight datasets in their official layouts."""
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mmengine.config import Config
from PIL import Image

CONFIGS = Path(__file__).parents[1] / 'configs/_base_/datasets'
SIZES = ((60, 121), (73, 90), (96, 64), (51, 83))  # height, width
_VOC = ('JPEGImages/2007_00000{}.jpg', 'SegmentationClass/2007_00000{}.png',
        'ImageSets/Segmentation/val.txt')
_CONTEXT = ('JPEGImages/2008_00000{}.jpg',
            'SegmentationClassContext/2008_00000{}.png',
            'ImageSets/SegmentationContext/val.txt')
_COCO = ('images/val2017/00000000000{}.jpg',
         'annotations/val2017/00000000000{}_labelTrainIds.png', None)
_CITY = 'frankfurt/frankfurt_000000_00000{}_'
# dataset -> images, masks, list; mask values of classes 0, 1, ...; other
# mask values of class 0; ignored mask values
LAYOUTS = {
    'voc': (*_VOC, range(1, 21), (), (0, 255)),
    'voc21': (*_VOC, range(21), (), (255, )),
    'context': (*_CONTEXT, range(1, 60), (), (0, )),
    'context60': (*_CONTEXT, range(60), (), ()),
    'coco_stuff': (*_COCO, range(171), (), (255, )),
    'coco_object_336': (*_COCO, [80, *range(80)], (*range(81, 171), 255), ()),
    'cityscapes': (f'leftImg8bit/val/{_CITY}leftImg8bit.png',
                   f'gtFine/val/{_CITY}gtFine_labelTrainIds.png', None,
                   range(19), (), (255, )),
    'ade20k': ('images/validation/ADE_val_0000000{}.jpg',
               'annotations/validation/ADE_val_0000000{}.png', None,
               range(1, 151), (), (0, )),
}


@dataclass
class Miniature:
    """Four images with masks.

    Attributes:
        name (str): Name of the dataset's config.
        root (Path): Data root.
        images (list[Path]): Image files.
        masks (list[Path]): Mask files.
        labels (ndarray): (C,) mask value of each class.
        as_zero (tuple[int]): Other mask values of class 0.
        ignored (tuple[int]): Ignored mask values.
    """
    name: str
    root: Path
    images: list
    masks: list
    labels: np.ndarray
    as_zero: tuple
    ignored: tuple

    @property
    def config(self):
        """Config: The dataset's, with this data root."""
        cfg = Config.fromfile(CONFIGS / f'{self.name}.py')
        cfg.test_dataloader.dataset.data_root = str(self.root)
        return cfg


def write_miniature(root, name, train=False):
    """Write a dataset of LAYOUTS.

    Args:
        root (Path): Data root.
        name (str): Key of LAYOUTS.
        train (bool): Its training images instead of those for validation.

    Returns:
        Miniature: What was written.
    """
    image, mask, listed, labels, as_zero, ignored = LAYOUTS[name]
    if train:
        image, mask, listed = (
            path and path.replace('validation', 'training').replace(
                'val', 'train') for path in (image, mask, listed))
    rng = np.random.default_rng(0)
    known = [*labels, *as_zero, *ignored]
    files = [[root / path.format(i) for i in range(len(SIZES))]
             for path in (image, mask)]
    for image, mask, (h, w) in zip(*files, SIZES):
        image.parent.mkdir(parents=True, exist_ok=True)
        mask.parent.mkdir(parents=True, exist_ok=True)
        coarse = rng.integers(0, 256, (3, 4, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((w, h)).save(image)
        Image.fromarray(rng.choice(known, (h, w)).astype(np.uint8)).save(mask)
    if listed:
        (root / listed).parent.mkdir(parents=True, exist_ok=True)
        (root / listed).write_text(
            '\n'.join(image.stem for image in files[0]) + '\n')
    if train and name.startswith('voc'):  # SBD
        shutil.copytree(mask.parent, root / 'SegmentationClassAug')
        shutil.copy(root / listed, root / Path(listed).with_name('aug.txt'))
    return Miniature(name, root, *files, np.array(labels), as_zero, ignored)
