"""Programs that predict images in processes of their own, and take turns."""
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from itertools import cycle, islice, product
from pathlib import Path

import numpy as np

import mmseg_clipzs
from mmseg_clipzs.datasets import find_images
from mmseg_clipzs.run.segmentor import embeds_config_words
from mmseg_clipzs.utils import UserError
from mmseg_clipzs.vocabularies import get_vocabulary

from .images import make_images
from .random_weights import random_options

OWN = Path(mmseg_clipzs.__file__).parents[1]
_CHILD = Path(__file__).parent / 'turns_child.py'


def find_files(photos, size, images, room):
    """Images of a folder, or generated ones.

    Args:
        photos (str, optional): Folder of images.
        size (str, optional): 'WIDTHxHEIGHT' of generated images.
        images (int): Number of timed images.
        room (Path): Folder for generated images.

    Returns:
        list[Path]: At least one.

    Raises:
        UserError: Neither or both of photos and size, or an empty folder.
    """
    if bool(photos) == bool(size):
        raise UserError('Processes that take turns need a folder of photos '
                        '(--photos) or generated images (--size 500x375).')
    if size:
        photos = room / 'images'
        photos.mkdir()
        make_images(photos, size, min(images, 20))
    files = find_images(photos)[0]
    if not files:
        raise UserError(f'No images in {photos}.')
    return files


def settings_of(job, config, room, num_classes, random, threads):
    """Arguments of the child's ``main``.

    Args:
        job (Job): What to run. Its words are replaced by as many made-up ones
            with random embeddings.
        config (str): File of its config, in the checkout.
        room (Path): Folder for the files of this child.
        num_classes (int, optional): Number of classes, by default the
            config's.
        random (bool): Use random weights, seeded.
        threads (int): PyTorch's threads.

    Returns:
        dict: For :func:`started`.

    Raises:
        UserError: A model without words of its own.
    """
    cfg = job.load()
    if not embeds_config_words(cfg.model):
        raise UserError(f'{job.name} is not a model whose words can be set '
                        'before it is trained.')
    options = dict(job.options)
    if random:
        options.update(random_options(cfg))
    options['model.vocabulary'] = None
    lines, words = _made_up(
        [f'class {i}' for i in range(num_classes)] if num_classes else
        cfg.model.vocabulary)
    room.mkdir()
    classes = room / 'classes.txt'
    classes.write_text('\n'.join(lines), encoding='utf-8')
    return dict(config=config, options=options, classes=str(classes),
                words=words, threads=threads, folder=str(room))


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
def started(settings, root=OWN):
    """Start a child.

    Args:
        settings (dict): Result of :func:`settings_of`.
        root (Path): The checkout whose package it uses.

    Yields:
        Callable: Path of an image -> the child's answer, with the ``cpu`` and
        ``wall`` seconds of the image, a file of ``labels`` and the ``peak``
        memory so far in bytes or None.

    Raises:
        UserError: The child fails, or uses another package.
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
                raise UserError(
                    f'{Path(settings["config"]).stem} by the package of '
                    f'{root} failed: {said[-1] if said else "no message"}')
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


def take_turns(sides, files, images, warmup, progress=iter):
    """Predict images with two children, alternating which goes first.

    Args:
        sides (dict[str, Callable]): Name -> a child of :func:`started`.
        files (Sequence[Path]): The images, repeated if there are too few.
        images, warmup (int): Numbers of timed and of untimed images.
        progress (Callable): Wraps the sequence of images.

    Returns:
        list[dict]: For each image its name, ``image``, the answer of each
        side, and the ``equal`` of its ``pixels``.
    """
    for file, ask in product(islice(cycle(files), warmup), sides.values()):
        ask(file)
    return [_turn(sides, file, number % 2) for number, file in zip(
        progress(range(images)), cycle(files))]


def _turn(sides, file, reverse):
    """Predict an image with both sides and compare the labels."""
    step = {'image': Path(file).name}
    order = list(sides)
    for name in reversed(order) if reverse else order:
        step[name] = sides[name](file)
    one, two = (np.load(step[name].pop('labels')) for name in order)
    return dict(step, equal=int((one == two).sum()), pixels=one.size)
