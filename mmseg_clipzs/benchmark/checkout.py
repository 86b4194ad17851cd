"""Compare this package with another version of it, in a second folder."""
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from mmseg_clipzs.compat import versions
from mmseg_clipzs.run.device import device_name
from mmseg_clipzs.utils import UserError, temporary_folder

from .images import check_counts
from .turns import OWN, find_files, settings_of, started, take_turns


def compare_checkouts(job, folder, images=20, warmup=2, photos=None,
                      size=None, num_classes=None, threads=1, random=False,
                      progress=iter):
    """Predict images with this package and with that of another folder.

    Each runs in its own process, by ``mmseg.apis``; they take turns image by
    image, and one waits while the other computes.

    Args:
        job (Job): What to run: its config, by name, and options. The words are
            replaced by as many made-up ones with random embeddings.
        folder (str | Path): A checkout, with ``configs`` and the package.
        images, warmup (int): Numbers of timed and of untimed images.
        photos (str, optional): Folder of images.
        size (str, optional): 'WIDTHxHEIGHT' of generated images.
        num_classes (int, optional): Number of classes, by default the
            config's.
        threads (int): PyTorch's threads.
        random (bool): Use random weights, seeded.
        progress (Callable): Wraps the sequence of images.

    Returns:
        dict: What was compared; ``steps``, for each image the ``cpu`` and
        ``wall`` seconds of
        'own' and 'other' and their ``equal`` pixels of all ``pixels``;
        ``ratio``, the medians of own divided by other seconds; ``agreement``
        in [0, 1]; ``peak_mb`` of each process, None where unknown.

    Raises:
        UserError: Another folder, a model without words of its own, neither
            photos nor size, numbers below 1, or the other version fails.
    """
    check_counts(images, warmup, num_classes)
    other = Path(folder).absolute()
    config = Path('configs') / f'{job.name}.py'
    for root in (OWN, other):
        if not (root / config).is_file() or not (
                root / 'mmseg_clipzs' / '__init__.py').is_file():
            raise UserError(f'{root} is no checkout of this project with '
                            f'{config}.')
    with ExitStack() as stack:
        room = Path(stack.enter_context(temporary_folder()))
        files = find_files(photos, size, images, room)
        sides = {name: stack.enter_context(started(settings_of(
            job, str(config), room / name, num_classes, random, threads), root
            )) for name, root in (('other', other), ('own', OWN))}
        steps = take_turns(sides, files, images, warmup, progress)
    return dict(
        config=job.name, options=dict(job.options), random=random,
        own=str(OWN), other=str(other), versions=versions(),
        device=device_name(), threads=threads, steps=steps,
        ratio={clock: median(step['own'][clock] / step['other'][clock]
                             for step in steps) for clock in ('cpu', 'wall')},
        agreement=(sum(step['equal'] for step in steps)
                   / sum(step['pixels'] for step in steps)),
        peak_mb={name: peak_mb(steps, name) for name in sides})


def peak_mb(steps, name):
    """float | None: Peak memory of a side of ``take_turns``."""
    peak = steps[-1][name]['peak']
    return peak and peak / 2**20
