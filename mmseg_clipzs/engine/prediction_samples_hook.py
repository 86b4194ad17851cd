from pathlib import Path

import numpy as np
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmseg.registry import HOOKS
from PIL import Image
from torch import distributed

from mmseg_clipzs.datasets import read_image
from mmseg_clipzs.utils import UserError, atomic_write
from mmseg_clipzs.visualization import voc_palette


# Also under the name of version 0.1.
@HOOKS.register_module(name=['PredictionSamplesHook', 'SampleHook'])
class PredictionSamplesHook(Hook):
    """Keep small pictures of a few predictions, for tables and pages.

    The photos are spread evenly over the data set, so that all models that
    are evaluated on it show the same. :func:`read_samples` reads the file.

    Args:
        path (str | Path): The ``.npz`` file to write.
        count (int): How many photos.
        side (int): Longer side of the pictures, pixels; smaller ones keep
            their size.

    Raises:
        UserError: A number below 1.
    """

    def __init__(self, path, count=4, side=192):
        if count < 1 or side < 1:
            raise UserError('PredictionSamplesHook takes count and side of 1 or more, '
                            f'but got {count} and {side}.')
        self.path = Path(path)
        self.count = count
        self.side = side

    def before_test(self, runner):
        dataset = runner.test_dataloader.dataset
        indices = np.linspace(0, len(dataset) - 1, self.count).round()
        self._wanted = [dataset.get_data_info(int(i))['img_path']
                        for i in np.unique(indices)]
        self._found = {}

    def after_test_iter(self, runner, batch_idx, data_batch=None,
                        outputs=None):
        for sample in outputs:
            if sample.img_path in self._wanted:
                self._found[sample.img_path] = (
                    self._fit(read_image(sample.img_path), Image.BICUBIC),
                    self._fit(_labels(sample.gt_sem_seg)),
                    self._fit(_labels(sample.pred_sem_seg)))

    def after_test_epoch(self, runner, metrics=None):
        found = [self._found]
        if distributed.is_initialized():
            found = [None] * distributed.get_world_size()
            distributed.all_gather_object(found, self._found)
        if is_main_process():
            self._write({path: pictures for part in found
                         for path, pictures in part.items()},
                        runner.test_dataloader.dataset.metainfo)

    def _write(self, found, meta):
        classes = meta['classes']
        arrays = dict(
            names=[Path(path).stem for path in self._wanted],
            classes=classes,
            palette=meta.get('palette') or voc_palette(len(classes)))
        for i, path in enumerate(self._wanted):
            arrays.update(zip(
                (f'photo_{i}', f'truth_{i}', f'prediction_{i}'), found[path]))
        with atomic_write(self.path) as temporary:
            np.savez_compressed(temporary, **arrays)

    def _fit(self, picture, resample=Image.NEAREST):
        image = Image.fromarray(picture)
        image.thumbnail((self.side, self.side), resample)
        return np.asarray(image)


def _labels(pixels):
    """(1, H, W) of a data sample as (H, W) int32."""
    return pixels.data[0].cpu().numpy().astype(np.int32)


def read_samples(path):
    """What :class:`PredictionSamplesHook` has written.

    Args:
        path (str | Path): Its ``.npz`` file.

    Returns:
        dict: names (list[str]), classes (list[str]), palette (ndarray) (C, 3)
        and three lists of arrays: photo (H, W, 3) uint8 RGB, truth and
        prediction (H, W) int32 class indices, 255 where there is none.
    """
    with np.load(path) as file:
        names = file['names'].tolist()
        return dict(
            names=names,
            classes=file['classes'].tolist(),
            palette=file['palette'],
            **{what: [file[f'{what}_{i}'] for i in range(len(names))]
               for what in ('photo', 'truth', 'prediction')})
