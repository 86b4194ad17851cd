"""The images of a benchmark."""
import re
from pathlib import Path

import numpy as np
from PIL import Image

from mmseg_clipzs.datasets.availability import check_available, leaf_datasets
from mmseg_clipzs.utils import UserError, check_number

SEED = 0  # of weights, words and images


def check_counts(images, warmup, num_classes=None):
    """Check the numbers of a benchmark.

    Args:
        images, warmup (int): Numbers of timed images and untimed batches.
        num_classes (int, optional): Number of made-up classes.

    Raises:
        UserError: One of them is below 1.
    """
    check_number('images', images, '[1, inf)', int)
    check_number('warmup', warmup, '[1, inf)', int)
    check_number('num_classes', num_classes, '[1, inf)', int, optional=True)


def set_images(cfg, photos=None):
    """Set the images of a config: its dataset, or a folder without labels.

    Args:
        cfg (Config): Modified in place.
        photos (str, optional): Folder of images.

    Raises:
        UserError: The dataset is missing.
    """
    if not cfg.get('test_dataloader'):
        raise UserError('A benchmark needs a config with a test_dataloader.')
    dataset = cfg.test_dataloader.dataset
    if not photos:
        try:
            check_available(dataset)
        except UserError as e:
            raise UserError(f'{e} Otherwise use a folder of photos (--photos) '
                            'or generated images (--size 500x375).') from e
        return
    cfg.test_dataloader.dataset = dict(
        type='PhotoFolderDataset', data_root=photos, pipeline=[
            step for step in next(leaf_datasets(dataset)).pipeline
            if step['type'] != 'LoadAnnotations'])


def make_images(folder, size, count):
    """Write seeded JPEG images with texture at several scales.

    Args:
        folder (str | Path): Output folder.
        size (str): 'WIDTHxHEIGHT' in pixels.
        count (int): Number of images.

    Raises:
        UserError: ``size`` has another form.
    """
    found = re.fullmatch(r'([1-9]\d*)x([1-9]\d*)', size)
    if not found:
        raise UserError(f'A size is WIDTHxHEIGHT, such as 500x375, but got '
                        f'{size!r}.')
    w, h = map(int, found.groups())
    rng = np.random.default_rng(SEED)
    for number in range(count):
        image = np.zeros((h, w, 3))
        for cells in (2, 8, 32, 128):
            noise = rng.integers(0, 256, (cells, cells, 3), dtype=np.uint8)
            image += np.asarray(
                Image.fromarray(noise).resize((w, h), Image.BICUBIC)) / 4
        Image.fromarray(image.astype(np.uint8)).save(
            Path(folder) / f'{number:04d}.jpg')
