import zipfile
from pathlib import Path

import numpy as np
from mmengine.dist import all_gather_object, is_main_process
from mmengine.hooks import Hook
from mmseg.registry import HOOKS
from PIL import Image

from mmseg_clipzs.datasets import read_image, unique_names
from mmseg_clipzs.labels import ignore_index
from mmseg_clipzs.utils import (
    UserError,
    atomic_write,
    check_is_file,
    check_number,
    shown,
)
from mmseg_clipzs.visualization import class_palette

_LARGEST = 2**28  # bytes of a file of samples, unpacked

# Configs of version 0.1 call it 'SampleHook'.
@HOOKS.register_module(name=['PredictionSamplesHook', 'SampleHook'])
class PredictionSamplesHook(Hook):
    """Save thumbnails of a few predictions, for reports.

    The images are evenly spaced in the dataset, so every model tested on it
    saves the same ones. :func:`read_samples` reads the file.

    Args:
        path (str | Path): ``.npz`` file to write.
        count (int): Number of images.
        side (int): Maximum of height and width, in pixels.

    Raises:
        UserError: ``count`` or ``side`` is below 1.
    """

    def __init__(self, path, count=4, side=192):
        check_number('count', count, '[1, inf)', int)
        check_number('side', side, '[1, inf)', int)
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
        found = {path: arrays for part in all_gather_object(self._found)
                 for path, arrays in part.items()}
        if is_main_process():
            self._write(found, runner.test_dataloader.dataset)

    def _write(self, found, dataset):
        meta, names = dataset.metainfo, unique_names(dataset)
        classes = meta['classes']
        arrays = dict(
            names=[names[path] for path in self._wanted],
            classes=classes,
            palette=meta.get('palette') or class_palette(classes))
        for i, path in enumerate(self._wanted):
            arrays.update(zip(
                (f'image_{i}', f'truth_{i}', f'prediction_{i}'), found[path]))
        with atomic_write(self.path) as temporary:
            np.savez_compressed(temporary, **arrays)

    def _fit(self, array, resample=Image.NEAREST):
        image = Image.fromarray(array)
        image.thumbnail((self.side, self.side), resample)
        return np.asarray(image)


def _labels(pixels):
    """PixelData of (1, H, W) -> (H, W) int32."""
    return pixels.data[0].cpu().numpy().astype(np.int32)


def read_samples(path):
    """Read a file of :class:`PredictionSamplesHook`.

    Args:
        path (str | Path): The ``.npz`` file.

    Returns:
        dict: names (list[str]), classes (list[str]), palette (ndarray) (C, 3)
        and three lists of arrays: image (H, W, 3) uint8 RGB, truth and
        prediction (H, W) int32 class indices; ignored pixels have the label
        of :func:`mmseg_clipzs.labels.ignore_index`.

    Raises:
        FileNotFoundError: No such file.
        UserError: It is damaged, or another file.
    """
    path = check_is_file(path, 'a file of prediction samples')
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(one.file_size for one in archive.infolist()) > _LARGEST:
                raise ValueError(f'more than {_LARGEST} bytes')
        with np.load(path) as file:
            names = file['names'].tolist()
            samples = dict(
                names=names,
                classes=file['classes'].tolist(),
                palette=file['palette'],
                **{what: [file[f'{what}_{i}'] for i in range(len(names))]
                   for what in ('image', 'truth', 'prediction')})
        _check(samples)
    except Exception as e:  # of zipfile, zlib, NumPy and of memory
        raise UserError(f'{shown(path)} does not have prediction samples: '
                        f'{e!r}.') from e
    return samples


def _check(samples):
    """Raises: ValueError: Arrays that do not fit each other."""
    palette, count = samples['palette'], len(samples['classes'])
    if palette.shape != (count, 3) or not _within(palette, 256):
        raise ValueError(f'palette {palette.shape} of {count} classes')
    if not all(isinstance(text, str) for text in (
            *samples['names'], *samples['classes'])):
        raise ValueError('names that are no texts')
    for image, *masks in zip(*(samples[what] for what in (
            'image', 'truth', 'prediction'))):
        if image.ndim != 3 or image.shape[2] != 3 or (
                image.dtype != np.uint8) or not image.size:
            raise ValueError(f'image {image.shape} {image.dtype}')
        for mask in masks:
            if mask.shape != image.shape[:2] or not _within(
                    mask[mask != ignore_index(count)], count):
                raise ValueError(f'labels {mask.shape} {mask.dtype}')


def _within(values, end):
    """bool: Whether all are integers from 0 to ``end - 1``."""
    return values.dtype.kind in 'iu' and (
        not values.size or 0 <= values.min() and values.max() < end)
