"""Train the toy DINO on toy scenes (captions and masks are never used)."""
import os.path as osp

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from tqdm import tqdm

from mmseg_clipzs.proxy.architectures import build
from mmseg_clipzs.proxy.loading import MEAN, STD
from mmseg_clipzs.recipes.toy_dino import ARCHITECTURE, ToyDinoRecipe

from .crops import random_crops
from .dino import SelfDistillation, block_masks
from .scenes import make_scene
from .training import (
    TEST_STREAM,
    check_arguments,
    draw_pool,
    load_checkpoint,
    logger,
    make_optimizer,
    save_checkpoint,
    save_weights,
    start_step,
)

_SCENE, _LARGE, _SMALL = 96, 40, 20  # pixels per side
_LARGE_AREA, _SMALL_AREA = (.3, 1.), (.05, .3)  # of a scene


@torch.no_grad()
def separation(network, seed, count=60):
    """How well cosines of patches tell classes apart, on unseen scenes.

    For the training log only; classes are read from the masks.

    Args:
        network (nn.Module): timm's Vision Transformer.
        seed (int): Random seed of the training.
        count (int): Number of scenes.

    Returns:
        float: In [0, 1]: how often two patches of one class are more similar
        than two of different ones, in the same scene; the mean of scenes.
    """
    was_training = network.training
    network.eval()
    size, patch = (side[0] for side in (network.patch_embed.img_size,
                                        network.patch_embed.patch_size))
    shares = []
    for i in range(count):
        rng = np.random.default_rng([seed, TEST_STREAM, i])
        image, mask, _ = make_scene(rng, size, int(rng.integers(1, 4)))
        tokens = network.forward_features(
            _normalise(torch.from_numpy(image).permute(2, 0, 1)[None] / 255))
        tokens = F.normalize(tokens[0, network.num_prefix_tokens:], dim=1)
        classes = torch.from_numpy(mask[patch // 2::patch,
                                        patch // 2::patch]).flatten()
        pairs = torch.triu(torch.ones(len(tokens), len(tokens),
                                      dtype=torch.bool), 1)
        same = (classes[:, None] == classes)[pairs]
        if same.all():
            continue
        ranks = torch.empty(len(same), dtype=torch.float64)
        ranks[(tokens @ tokens.T)[pairs].argsort()] = torch.arange(
            len(same), dtype=torch.float64)
        ours, others = same.sum(), (~same).sum()
        shares.append((ranks[same].sum() - ours * (ours - 1) / 2)
                      / ours / others)
    network.train(was_training)
    return torch.stack(shares).mean().item()


def train_toy_dino(out, recipe=ToyDinoRecipe(), workers=None,  # noqa: B008
                   save_every=200, resume=False):
    """Train the toy DINO and write the teacher's weights.

    Args:
        out (str): Weights to write (float16 safetensors), with the recipe in
            their metadata. ``OUT.checkpoint`` holds the training state.
        recipe (ToyDinoRecipe): Hyperparameters.
        workers (int, optional): Processes that draw scenes, 0 for this
            process; by default one per core.
        save_every (int): Steps between checkpoints.
        resume (bool): Continue from ``OUT.checkpoint`` if it exists. The
            result is the same as that of an uninterrupted run.

    Raises:
        UserError: ``workers`` or ``save_every`` is out of range, or the
            checkpoint was written with another recipe.
        NotOursError: ``out`` is a file of the user.
    """
    check_arguments(out, workers, save_every)
    torch.manual_seed(recipe.seed)
    model = SelfDistillation(build(ARCHITECTURE), recipe)
    optimizer = make_optimizer(
        model, recipe, ['pos_embed', 'token', 'prototypes'])
    checkpoint, step = f'{out}.checkpoint', 0
    if resume and osp.exists(checkpoint):
        step = load_checkpoint(model, optimizer, checkpoint, recipe)

    scenes = draw_pool(recipe, _SCENE, workers)[0]
    bar = tqdm(range(step, recipe.steps), 'steps', recipe.steps, initial=step)
    for step in bar:
        rng = start_step(step, recipe, optimizer)
        batch = _draw_batch(rng, scenes, recipe)
        with torch.autocast(
                'cpu', torch.bfloat16, recipe.precision == 'bf16'):
            class_loss, patch_loss = model(*batch, step)
        optimizer.zero_grad()
        (class_loss + patch_loss).backward()
        nn.utils.clip_grad_norm_(model.student.parameters(), 3.)
        optimizer.step()
        model.follow(step)
        bar.set_postfix(class_loss=f'{class_loss.item():.3f}',
                        patch_loss=f'{patch_loss.item():.3f}')
        done = step + 1
        if done % save_every == 0 or done == recipe.steps:
            network = model.teacher.network
            logger.info(
                'step %d: loss %.3f of classes, %.3f of patches; separation '
                'of classes %.1f %%', done, class_loss.item(),
                patch_loss.item(), 100 * separation(network, recipe.seed))
            # Weights first: a complete checkpoint implies complete weights.
            save_weights(network, out, ARCHITECTURE, recipe, done)
            save_checkpoint(model, optimizer, done, checkpoint, recipe)


def _draw_batch(rng, scenes, recipe):
    """Returns: Arguments of :class:`SelfDistillation` but for the step."""
    rows = rng.choice(len(scenes), recipe.batch_size, replace=False)
    images = scenes[rows] / 255

    def crop(size, area):
        return _normalise(random_crops(rng, images, size, area))

    large = [crop(_LARGE, _LARGE_AREA) for _ in range(2)]
    small = [crop(_SMALL, _SMALL_AREA) for _ in range(recipe.small_crops)]
    side = _LARGE // 4
    return large, small, block_masks(
        rng, 2 * recipe.batch_size, side, recipe.masked_share)


def _normalise(images):
    """(N, 3, H, W) float in [0, 1] -> normalised."""
    return (images - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(
        STD).view(3, 1, 1)
