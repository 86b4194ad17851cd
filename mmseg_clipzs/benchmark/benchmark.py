"""Two configs in turns, or one alone: how fast is it, and where?"""
import math
import platform
import re
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import numpy as np
import torch
from mmengine.config import Config
from PIL import Image

from mmseg_clipzs.compat import versions
from mmseg_clipzs.datasets.availability import check_available, leaf_datasets
from mmseg_clipzs.run.configs import find_config
from mmseg_clipzs.run.memory import peak_memory, reset_peak_memory
from mmseg_clipzs.utils import UserError

from .side import SEED, Side, until_labels


def run_benchmark(config, against=None, options=None, against_options=None,
                  images=20, warmup=2, data_root=None, photos=None, size=None,
                  classes=None, random=False, progress=iter):
    """Time a config on photos, or two configs on the same photos in turns.

    Args:
        config (str): 'CONFIG' or 'CONFIG:CHECKPOINT'; a file, or the name of
            a config of the project.
        against (str, optional): Another one, to compare with.
        options (dict, optional): Changes in both.
        against_options (dict, optional): Further changes in the second one,
            which is the first config unless ``against`` names another.
        images (int): How many photos are timed, repeated where there are
            fewer.
        warmup (int): How many batches are run before.
        data_root (str, optional): Replaces the data set's root.
        photos (str, optional): A folder, in place of the data set.
        size (str, optional): 'WIDTHxHEIGHT' of made-up pictures, in place of
            the data set.
        classes (int, optional): So many made-up words with random embeddings,
            in place of the vocabulary; for photos without labels.
        random (bool): Random weights and random embeddings of the words,
            seeded: no weights are needed and the text tower does not run.
        progress (Callable): Wraps the numbers of the batches, such as
            ``tqdm``.

    Returns:
        dict: The report that docs/benchmark.md describes.

    Raises:
        UserError: No photos, options that do not fit, numbers below 1, two
            sides that see different photos.
    """
    for name, value in (('images', images), ('warmup', warmup),
                        ('classes', 1 if classes is None else classes)):
        if value < 1:
            raise UserError(f'{name} is 1 or more, but got {value}.')
    if classes and not (photos or size):
        raise UserError('Made-up classes do not fit the labels of a data set:'
                        ' give a folder of photos or a size as well.')
    compare = against is not None or bool(against_options)
    with ExitStack() as stack:
        def folder():
            return stack.enter_context(tempfile.TemporaryDirectory())

        if size:
            photos = folder()
            make_pictures(photos, size, images)
        sides = []
        for name, changes in [(config, {}), (
                against or config, against_options or {})][:1 + compare]:
            cfg, checkpoint = load_config(name, {**(options or {}),
                                                 **changes})
            set_photos(cfg, data_root, photos)
            if compare:  # no loader works while the other side is timed
                cfg.test_dataloader.update(
                    num_workers=0, persistent_workers=False)
            sides.append(Side(cfg, checkpoint, changes, folder(), classes,
                              random, labelled=not photos))
        batch = sides[0].loop.dataloader.batch_size
        if sides[-1].loop.dataloader.batch_size != batch:
            raise UserError('Both sides need the same '
                            'test_dataloader.batch_size.')
        mark_reset = reset_peak_memory()
        loaded = peak_memory()
        for side in sides:
            side.warm_up(warmup)
        agreement = _take_turns(sides, progress(range(
            math.ceil(images / batch))))
        peak = peak_memory()
        for side in sides:
            side.finish()
        return dict(
            versions=versions(),
            device=_device(),
            threads=torch.get_num_threads(),
            settings=dict(
                images=images, warmup=warmup, classes=classes, random=random,
                photos='made up' if size else photos or 'data set', size=size,
                options=options or {}, seed=SEED),
            memory=None if compare else dict(
                after_loading_mb=loaded / 2**20, peak_mb=peak / 2**20,
                growth_mb=(peak - loaded) / 2**20, mark_reset=mark_reset),
            sides=[side.report() for side in sides],
            comparison=compare_sides(sides, agreement) if compare else None)


def _take_turns(sides, numbers):
    """Every side runs each batch; who begins changes.

    Returns:
        Counter: 'equal' and 'all' pixels of two sides' label maps.
    """
    pixels = Counter()
    for number in numbers:
        maps = {}
        for side in sides if number % 2 == 0 else reversed(sides):
            maps[side] = side.advance()
        first, last = sides[0], sides[-1]
        if first.steps[-1]['photos'] != last.steps[-1]['photos']:
            raise UserError(
                'The two sides see different photos, '
                f'{first.steps[-1]["photos"][0]} and '
                f'{last.steps[-1]["photos"][0]}: choose configs of one data '
                'set, or a folder of photos.')
        for one, other in zip(maps[first], maps[last]):
            pixels['equal'] += int((one == other).sum())
            pixels['all'] += one.numel()
    return pixels


def compare_sides(sides, pixels):
    """How much faster the first of two sides is.

    Args:
        sides (Sequence[Side]): Two, which ran in turns.
        pixels (Counter): How many labels are 'equal', of 'all'.

    Returns:
        dict: The report's ``comparison``.
    """
    taken = [[until_labels(step) for step in side.steps] for side in sides]
    same_words = sides[0].classes == sides[1].classes
    return dict(
        images_per_second_ratio=median(
            other / one for one, other in zip(*taken)),
        total_ratio=sum(taken[1]) / sum(taken[0]),
        agreement=pixels['equal'] / pixels['all'] if same_words else None,
        pixels=pixels['all'], equal_pixels=pixels['equal'])


def _device():
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return (f'CPU ({platform.machine()}, '
            f'{torch.backends.cpu.get_cpu_capability()})')


# -------------------------------------------------------- configs and photos
def load_config(name, options):
    """A config with changes, and its checkpoint.

    Args:
        name (str): 'CONFIG' or 'CONFIG:CHECKPOINT'.
        options (dict): Changes.

    Returns:
        tuple[Config, str | None]: Both.

    Raises:
        UserError: No such config, or a change of what it does not have.
    """
    path, _, checkpoint = name.partition(':')
    cfg = Config.fromfile(find_config(path))
    for key in options:
        if key.partition('.')[0] not in cfg:
            raise UserError(
                f'The config {path} has no {key.partition(".")[0]!r} that '
                f'{key!r} could change; it has {", ".join(cfg.keys())}.')
    cfg.merge_from_dict(options)
    return cfg, checkpoint or None


def set_photos(cfg, data_root=None, photos=None):
    """Let a config test its data set, or a folder of photos without labels.

    Args:
        cfg (Config): Changed in place.
        data_root (str, optional): Replaces the data set's root.
        photos (str, optional): The folder.

    Raises:
        UserError: The data set is not there.
    """
    dataset = cfg.test_dataloader.dataset
    if not photos:
        if data_root:
            dataset.data_root = data_root
        try:
            check_available(dataset)
        except UserError as e:
            raise UserError(f'{e} Without it: a folder of any photos '
                            '(--photos), or made-up ones (--size 500x375).'
                            ) from e
        return
    cfg.test_dataloader.dataset = dict(
        type='PhotoFolderDataset', data_root=photos, pipeline=[
            step for step in next(leaf_datasets(dataset)).pipeline
            if step['type'] != 'LoadAnnotations'])
    # It would ask for the data set's class names.
    cfg.custom_hooks = [hook for hook in cfg.get('custom_hooks', [])
                        if hook['type'] != 'VocabularyHook']


def make_pictures(folder, size, count):
    """Seeded pictures with texture of all scales, as JPEG.

    Args:
        folder (str | Path): Where to.
        size (str): 'WIDTHxHEIGHT', pixels.
        count (int): How many.

    Raises:
        UserError: No such size.
    """
    found = re.fullmatch(r'([1-9]\d*)x([1-9]\d*)', size)
    if not found:
        raise UserError(f'A size is WIDTHxHEIGHT, such as 500x375, but got '
                        f'{size!r}.')
    w, h = map(int, found.groups())
    rng = np.random.default_rng(SEED)
    for number in range(count):
        picture = np.zeros((h, w, 3))
        for cells in (2, 8, 32, 128):
            noise = rng.integers(0, 256, (cells, cells, 3), dtype=np.uint8)
            picture += np.asarray(
                Image.fromarray(noise).resize((w, h), Image.BICUBIC)) / 4
        Image.fromarray(picture.astype(np.uint8)).save(
            Path(folder) / f'{number:04d}.jpg')
