"""Time one job, or compare two interleaved ones, stage by stage."""
import math
from collections import Counter
from contextlib import ExitStack
from statistics import median

import torch

from mmseg_clipzs.compat import versions
from mmseg_clipzs.run.device import device_name
from mmseg_clipzs.run.memory import peak_memory, reset_peak_memory
from mmseg_clipzs.utils import UserError, temporary_folder

from .images import SEED, check_counts, make_images
from .side import Side, until_labels


def run_benchmark(job, against=None, images=20, warmup=2, photos=None,
                  size=None, num_classes=None, random=False, progress=iter):
    """Time a job, or two jobs that alternate on the same images.

    Args:
        job (Job): What to time.
        against (Job, optional): Another job to compare with.
        images (int): Number of timed images; a smaller dataset is repeated.
        warmup (int): Number of untimed batches before.
        photos (str, optional): Folder of images to use instead of the dataset.
        size (str, optional): 'WIDTHxHEIGHT' of generated images to use
            instead of the dataset.
        num_classes (int, optional): Number of made-up words with random
            embeddings, instead of the vocabulary; for images without labels.
        random (bool): Use random weights and text embeddings, both seeded; no
            weights are loaded.
        progress (Callable): Wraps the sequence of batches, for example
            ``tqdm``.

    Returns:
        dict: The report described in docs/benchmark.md.

    Raises:
        UserError: No images, options that do not fit, numbers below 1, or two
            sides with different images.
    """
    check_counts(images, warmup, num_classes)
    if num_classes and not (photos or size):
        raise UserError('Made-up classes do not fit the labels of a dataset: '
                        'pass a folder of photos or a size as well.')
    jobs = [job] if against is None else [job, against]
    with ExitStack() as stack:
        def folder():
            return str(stack.enter_context(temporary_folder()))

        if size:
            photos = folder()
            make_images(photos, size, images)
        sides = [Side(each, _changes(job, each), folder(), photos, num_classes,
                      random, alone=against is None) for each in jobs]
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
            device=device_name(),
            threads=torch.get_num_threads(),
            settings=dict(
                images=images, warmup=warmup, classes=num_classes,
                random=random, size=size,
                photos='generated' if size else photos or 'dataset',
                options=job.options, seed=SEED),
            memory=None if against or peak is None else dict(
                after_loading_mb=loaded / 2**20, peak_mb=peak / 2**20,
                growth_mb=(peak - loaded) / 2**20, mark_reset=mark_reset),
            sides=[side.report() for side in sides],
            comparison=compare_sides(sides, agreement) if against else None)


def _changes(job, other):
    """Options of ``other`` that differ from those of ``job``."""
    return {key: value for key, value in other.options.items()
            if key not in job.options or job.options[key] != value}


def _take_turns(sides, numbers):
    """Run each batch on every side, alternating which goes first.

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
                'The two sides see different images, '
                f'{first.steps[-1]["photos"][0]} and '
                f'{last.steps[-1]["photos"][0]}: choose configs of one '
                'dataset, or a folder of photos.')
        for one, other in zip(maps[first], maps[last]):
            pixels['equal'] += int((one == other).sum())
            pixels['all'] += one.numel()
    return pixels


def compare_sides(sides, pixels):
    """Compare the speed and the label maps of two sides.

    Args:
        sides (Sequence[Side]): Two interleaved sides.
        pixels (Counter): Number of 'equal' and of 'all' pixels.

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
