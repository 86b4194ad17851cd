"""Cost of methods beside that of one of them."""
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from mmseg_clipzs.compat import versions
from mmseg_clipzs.run.configs import find_config
from mmseg_clipzs.run.device import device_name
from mmseg_clipzs.utils import UserError, temporary_folder

from .checkout import peak_mb
from .images import check_counts
from .turns import find_files, settings_of, started, take_turns


def compare_costs(job, others, images=20, warmup=2, photos=None, size=None,
                  num_classes=None, threads=1, random=False, progress=iter,
                  image_progress=iter, save=None):
    """Time and memory of jobs, each beside the first one in turns.

    Args:
        job (Job): What the others are compared with. It runs in a process of
            its own, as each of the others, by ``mmseg.apis``; two of them take
            turns image by image, and one waits while the other computes.
        others (Sequence[Job]): What to compare with it.
        images, warmup (int): Numbers of timed and of untimed images.
        photos (str, optional): Folder of images.
        size (str, optional): 'WIDTHxHEIGHT' of generated images.
        num_classes (int, optional): Number of classes, by default those of
            each config. Words are replaced by as many made-up ones with
            random embeddings.
        threads (int): PyTorch's threads.
        random (bool): Use random weights, seeded.
        progress, image_progress (Callable): Wrap the sequence of other jobs,
            and that of the images of each.
        save (Callable, optional): Takes the result so far after each other
            job.

    Returns:
        dict: What was compared, and ``rows``, the first one of ``job``, which
        the others follow: ``config``, ``method``, ``cpu`` and ``wall``, the
        medians of its seconds divided by those of ``job`` for the same image,
        ``peak_mb`` of its process, None where unknown, and
        ``images_per_second`` of CPU time: the median of ``job``, divided by
        ``cpu``.

    Raises:
        UserError: A model without words of its own, neither photos nor size,
            numbers below 1, nothing to compare with, or a process fails.
    """
    check_counts(images, warmup, num_classes)
    if not others:
        raise UserError('Nothing to compare with: name other configs.')
    with ExitStack() as stack:
        room = Path(stack.enter_context(temporary_folder()))
        files = find_files(photos, size, images, room)

        def start(number, each):
            return started(settings_of(
                each, str(find_config(each.config).absolute()),
                room / f'{number}', num_classes, random, threads))

        base, rows = stack.enter_context(start(0, job)), []
        seconds = []  # of CPU time, of the first job
        for number, other in enumerate(progress(others), 1):
            with start(number, other) as side:
                steps = take_turns(dict(base=base, other=side), files, images,
                                   warmup, image_progress)
            seconds += [step['base']['cpu'] for step in steps]
            rows.append(_row(other, steps, 'other'))
            report = dict(
                random=random, size=size, photos=photos, classes=num_classes,
                versions=versions(), device=device_name(), threads=threads,
                images=images, rows=_with_rates(
                    [_row(job, steps, 'base'), *rows], median(seconds)))
            if save:
                save(report)
    return report


def _with_rates(rows, seconds):
    # Seconds drift with the machine, ratios do not.
    return [dict(row, images_per_second=1 / (row['cpu'] * seconds))
            for row in rows]


def _row(job, steps, side):
    return dict(
        config=job.name, method=job.describe()['method'],
        **{clock: median(step[side][clock] / step['base'][clock]
                         for step in steps) for clock in ('cpu', 'wall')},
        peak_mb=peak_mb(steps, side))
