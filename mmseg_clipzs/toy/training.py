"""What the trainings on toy scenes have in common."""
import json
import logging
import math
import multiprocessing
from dataclasses import asdict
from functools import partial

import cv2
import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from tqdm import tqdm

from mmseg_clipzs.checkpoints import load_checkpoint_file
from mmseg_clipzs.utils import (
    UserError,
    atomic_write,
    check_number,
    check_replaceable,
)

from .scenes import make_varied_scene

# Independent random streams: 0 and 1 are write_voc's train and val scenes.
_POOL_STREAM, TEST_STREAM, _STEP_STREAM = 2, 3, 4
logger = logging.getLogger('toy_training')


def check_arguments(out, workers, save_every):
    """Check the arguments that all trainings have.

    Args:
        out (str | Path): Weights to be written.
        workers (int | None): See :func:`draw_pool`.
        save_every (int): Steps between checkpoints.

    Raises:
        UserError: A number out of range.
        NotOursError: ``out`` is a file of the user.
    """
    check_number('save_every', save_every, '[1, inf)', int)
    check_number('workers', workers, '[0, inf)', int, optional=True)
    check_weights_path(out)


def start_step(step, recipe, optimizer):
    """Set the learning rate of a step.

    Args:
        step (int): From 0.
        recipe (ToyClipRecipe | ToyDinoRecipe): Has ``seed`` and a schedule.
        optimizer (Optimizer): Changed in place.

    Returns:
        numpy.random.Generator: Seeded by the step, so that a resumed run
        draws the same batches.
    """
    for group in optimizer.param_groups:
        group['lr'] = learning_rate(step, recipe)
    return np.random.default_rng([recipe.seed, _STEP_STREAM, step])


def learning_rate(step, recipe):
    """float: Learning rate of a step."""
    if step < recipe.warmup:
        return recipe.lr * (step + 1) / recipe.warmup
    done = (step - recipe.warmup) / max(1, recipe.steps - recipe.warmup)
    return recipe.lr * .5 * (1 + math.cos(math.pi * done))


def draw_pool(recipe, size, workers):
    """Draw the scenes of a training.

    Args:
        recipe (ToyClipRecipe | ToyDinoRecipe): Has ``scenes`` and ``seed``.
        size (int): Side of the square images in pixels.
        workers (int | None): Processes, 0 for this one, None for one per
            core.

    Returns:
        tuple[Tensor, list]: (scenes, 3, size, size) uint8 RGB, and for each
        scene its captions.
    """
    task = partial(_draw_scene, seed=recipe.seed, size=size)
    bar = partial(tqdm, desc='scenes', total=recipe.scenes)
    if workers == 0:
        scenes = list(bar(map(task, range(recipe.scenes))))
    else:
        # Forked processes could inherit locks of OpenCV and torch. One OpenCV
        # thread per process avoids oversubscription.
        context = multiprocessing.get_context('spawn')
        with context.Pool(workers, cv2.setNumThreads, (1, )) as pool:
            scenes = list(bar(pool.imap(task, range(recipe.scenes), 64)))
    return torch.from_numpy(np.stack([s[0] for s in scenes])), [
        s[1] for s in scenes]


def _draw_scene(index, seed, size):
    """Returns: (3, size, size) uint8 and captions of a training scene."""
    rng = np.random.default_rng([seed, _POOL_STREAM, index])
    image, _, captions = make_varied_scene(rng, size)
    return image.transpose(2, 0, 1), captions


def make_optimizer(model, recipe, plain_names):
    """AdamW with weight decay of matrices only.

    Args:
        model (nn.Module): What is trained.
        recipe (ToyClipRecipe | ToyDinoRecipe): Has ``lr`` and
            ``weight_decay``.
        plain_names (Sequence[str]): Parameters whose names contain one of
            them are not decayed either.

    Returns:
        Optimizer: Over all parameters that need gradients.
    """
    decayed, plain = [], []
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            matrix = parameter.ndim >= 2 and not any(
                part in name for part in plain_names)
            (decayed if matrix else plain).append(parameter)
    return torch.optim.AdamW(
        [dict(params=decayed, weight_decay=recipe.weight_decay),
         dict(params=plain, weight_decay=0.)],
        lr=recipe.lr, betas=(.9, .98), fused=True)


def save_checkpoint(model, optimizer, step, path, recipe):
    """Write the state of a training after ``step`` steps."""
    state = dict(model=model.state_dict(), optimizer=optimizer.state_dict(),
                 random=torch.get_rng_state(), step=step,
                 recipe=asdict(recipe))
    with atomic_write(path) as temporary:
        torch.save(state, temporary)


def load_checkpoint(model, optimizer, path, recipe):
    """Continue from a state of :func:`save_checkpoint`.

    Returns:
        int: Completed steps.

    Raises:
        UserError: It was written with another recipe.
    """
    state = load_checkpoint_file(path)
    written = state.get('recipe') if isinstance(state, dict) else None
    if written != asdict(recipe):
        raise UserError(f'{path} was written with {written}, but this '
                        f'run has {asdict(recipe)}. Use the same options, or '
                        'start over without --resume.')
    model.load_state_dict(state['model'])
    optimizer.load_state_dict(state['optimizer'])
    torch.set_rng_state(state['random'])
    logger.info('Resumed %s at step %d.', path, state['step'])
    return state['step']


def check_weights_path(path):
    """Refuse to overwrite what :func:`save_weights` has not written.

    Args:
        path (str | Path): Weights about to be written.

    Raises:
        NotOursError: A file of the user is there.
    """
    try:
        with safe_open(path, 'pt') as file:
            if 'steps_done' in (file.metadata() or {}).get('recipe', ''):
                return
    except (OSError, SafetensorError):
        pass  # none, or another kind of file
    check_replaceable(path)


def save_weights(model, path, architecture, recipe, step):
    """Write weights as float16 safetensors, with the recipe in them."""
    metadata = dict(architecture=architecture, steps_done=step,
                    **asdict(recipe))
    weights = {k: v.half().contiguous() for k, v in model.state_dict().items()}
    with atomic_write(path) as temporary:
        save_file(weights, temporary,
                  metadata=dict(format='pt', recipe=json.dumps(metadata)))
