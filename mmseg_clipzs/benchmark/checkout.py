"""Compare this package with another version of it, in a second folder."""
import json
import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from itertools import cycle, islice, product
from pathlib import Path
from statistics import median

import numpy as np

import mmseg_clipzs
from mmseg_clipzs.compat import versions
from mmseg_clipzs.datasets import find_images
from mmseg_clipzs.run.device import device_name
from mmseg_clipzs.run.segmentor import clip_of, embeds_config_words
from mmseg_clipzs.utils import UserError, temporary_folder
from mmseg_clipzs.vocabularies import get_vocabulary

from .images import check_counts, make_images

_CHILD = Path(__file__).parent / 'checkout_child.py'
_OWN = Path(mmseg_clipzs.__file__).parents[1]


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
    for root in (_OWN, other):
        if not (root / config).is_file() or not (
                root / 'mmseg_clipzs' / '__init__.py').is_file():
            raise UserError(f'{root} is no checkout of this project with '
                            f'{config}.')
    if bool(photos) == bool(size):
        raise UserError('Comparing checkouts needs a folder of photos '
                        '(--photos) or generated images (--size 500x375).')
    cfg = job.load()
    if not embeds_config_words(cfg.model):
        raise UserError(f'{job.name} is not a model whose words can be set '
                        'before it is trained.')
    options = dict(job.options)
    if random:
        options['model.clip.pretrained' if clip_of(cfg)
                else 'model.weights'] = None
    options['model.vocabulary'] = None
    lines, words = _made_up(
        [f'class {i}' for i in range(num_classes)] if num_classes else
        cfg.model.vocabulary)
    with ExitStack() as stack:
        room = Path(stack.enter_context(temporary_folder()))
        if size:
            photos = room / 'images'
            photos.mkdir()
            make_images(photos, size, min(images, 20))
        files = find_images(photos)[0]
        if not files:
            raise UserError(f'No images in {photos}.')
        classes = room / 'classes.txt'
        classes.write_text('\n'.join(lines), encoding='utf-8')
        sides = {}
        for name, root in (('other', other), ('own', _OWN)):
            (room / name).mkdir()
            sides[name] = stack.enter_context(_started(root, dict(
                config=str(config), options=options, classes=str(classes),
                words=words, threads=threads, folder=str(room / name))))
        for file, ask in product(islice(cycle(files), warmup),
                                 sides.values()):
            ask(file)
        steps = [_turn(sides, file, number % 2)
                 for number, file in zip(progress(range(images)),
                                         cycle(files))]
    return dict(
        config=job.name, options=dict(job.options), random=random,
        own=str(_OWN), other=str(other), versions=versions(),
        device=device_name(), threads=threads, steps=steps,
        ratio={clock: median(step['own'][clock] / step['other'][clock]
                             for step in steps) for clock in ('cpu', 'wall')},
        agreement=(sum(step['equal'] for step in steps)
                   / sum(step['pixels'] for step in steps)),
        peak_mb={name: steps[-1][name]['peak'] and (
            steps[-1][name]['peak'] / 2**20) for name in sides})


def _made_up(classes):
    """Replace the words of classes.

    Returns:
        tuple[list[str], int]: Lines of a list of classes, and the number of
        its words.
    """
    given, lines, count = get_vocabulary(classes), [], 0
    for name, words in zip(given.classes, given.synonyms):
        own = [f'word {count + i}' for i in range(len(words))]
        count += len(words)
        lines.append(f'{name}: {", ".join(own)}' if own else name)
    return lines, count


@contextmanager
def _started(root, settings):
    """Start the child in a checkout.

    Args:
        root (Path): The checkout.
        settings (dict): Arguments of the child's ``main``.

    Yields:
        Callable: Path of an image -> the child's answer.
    """
    log = Path(settings['folder']) / 'log.txt'
    with open(log, 'w', encoding='utf-8') as errors, subprocess.Popen(
            [sys.executable, '-c', _CHILD.read_text(encoding='utf-8'),
             json.dumps(settings)], cwd=root, text=True, encoding='utf-8',
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
            env={**os.environ, 'PYTHONPATH': str(root),
                 'OMP_NUM_THREADS': str(settings['threads'])}) as child:
        def answer():
            line = child.stdout.readline()
            if not line:
                child.wait()
                said = log.read_text(encoding='utf-8').strip().splitlines()
                raise UserError(f'The package of {root} failed: '
                                f'{said[-1] if said else "no message"}')
            return json.loads(line)

        def ask(file):
            child.stdin.write(f'{Path(file).absolute()}\n')
            child.stdin.flush()
            return answer()

        try:
            package = answer()['package']
            if not Path(package).is_relative_to(root):
                raise UserError(f'{root} was not used, but {package}.')
            yield ask
        finally:
            child.kill()


def _turn(sides, file, reverse):
    """Predict an image with both sides and compare the labels."""
    step = {'image': Path(file).name}
    order = list(sides)
    for name in reversed(order) if reverse else order:
        step[name] = sides[name](file)
    one, two = (np.load(step[name].pop('labels')) for name in order)
    return dict(step, equal=int((one == two).sum()), pixels=one.size)
