"""Train the toy CLIP on the captions of toy scenes (masks are never used).

Model, tokenizer and loss are open_clip's.
"""
import math
import os.path as osp

import numpy as np
import open_clip
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from tqdm import tqdm

from mmseg_clipzs.recipes.toy_clip import ARCHITECTURE, ToyClipRecipe

from .painters import OBJECTS
from .scenes import CLASSES, make_scene
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

CONFIG = osp.join(
    osp.dirname(osp.dirname(__file__)), 'clip', 'model_configs',
    ARCHITECTURE + '.json')
MEAN = torch.tensor(open_clip.OPENAI_DATASET_MEAN).view(3, 1, 1) * 255
STD = torch.tensor(open_clip.OPENAI_DATASET_STD).view(3, 1, 1) * 255


class LateClassToken:
    """Separate class token and patches in all blocks but the last.

    All image content then reaches the class token through the values of the
    last block, which MaskCLIP reads; otherwise a model trained for minutes
    has little content there. This favours MaskCLIP on the toy CLIP only and
    implies nothing about real CLIPs. Use it in a share of the steps, so that
    the model also works without it.

    Args:
        model (nn.Module): An open_clip ViT.

    Attributes:
        active (bool): Whether the separation is applied.
    """

    def __init__(self, model):
        self.active = False
        for block in model.visual.transformer.resblocks[:-1]:
            block.register_forward_pre_hook(self, with_kwargs=True)

    def __call__(self, block, args, kwargs):
        if self.active:
            x = args[0]  # (B, 1 + patches, width)
            mask = x.new_zeros(x.shape[1], x.shape[1])
            mask[0, 1:] = mask[1:, 0] = -torch.inf
            kwargs['attn_mask'] = mask
        return args, kwargs


@torch.no_grad()
def zero_shot_accuracy(model, tokenizer, seed, count=200):
    """Zero-shot accuracy on unseen scenes with a single object.

    For the training log only; the label is read from the mask.

    Returns:
        float: In [0, 1].
    """
    model.eval()
    objects = CLASSES[:len(OBJECTS)]
    text = model.encode_text(
        tokenizer([f'a photo of a {name}.' for name in objects]), True)
    images, truth = [], []
    for i in range(count):
        rng = np.random.default_rng([seed, TEST_STREAM, i])
        image, mask, _ = make_scene(rng, model.visual.image_size[0], 1)
        images.append(torch.from_numpy(image).permute(2, 0, 1))
        truth.append(int(mask[mask < len(objects)].flat[0]))
    images = (torch.stack(images) - MEAN) / STD  # (count, 3, H, W)
    guess = (model.encode_image(images, True) @ text.T).argmax(1)
    model.train()
    return (guess == torch.tensor(truth)).float().mean().item()


def train_toy_clip(out, recipe=ToyClipRecipe(), workers=None,  # noqa: B008
                   save_every=200, resume=False):
    """Train the toy CLIP and write its weights.

    Args:
        out (str): Weights to write (float16 safetensors), with the recipe in
            their metadata. ``OUT.checkpoint`` holds the training state.
        recipe (ToyClipRecipe): Hyperparameters.
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
    open_clip.add_model_config(CONFIG)
    model = open_clip.create_model(
        ARCHITECTURE, load_weights=False,
        force_patch_dropout=recipe.patch_dropout)
    tokenizer = open_clip.get_tokenizer(ARCHITECTURE)
    loss_fn = open_clip.ClipLoss()
    optimizer = make_optimizer(model, recipe, ['embedding'])
    late = LateClassToken(model)
    checkpoint, step = f'{out}.checkpoint', 0
    if resume and osp.exists(checkpoint):
        step = load_checkpoint(model, optimizer, checkpoint, recipe)

    images, captions = draw_pool(recipe, model.visual.image_size[0], workers)
    # (scenes, captions per scene, context length)
    tokens = torch.stack([tokenizer(c) for c in tqdm(captions, 'tokens')])
    model.train()
    bar = tqdm(range(step, recipe.steps), 'steps', recipe.steps, initial=step)
    for step in bar:
        rng = start_step(step, recipe, optimizer)
        batch, text = _draw_batch(rng, images, tokens, recipe.batch_size)
        if step >= .75 * recipe.steps:
            model.visual.patch_dropout = torch.nn.Identity()
        late.active = rng.random() < recipe.late_share
        # The math kernel is twice as fast as the fused one at this size.
        with sdpa_kernel(SDPBackend.MATH), torch.autocast(
                'cpu', torch.bfloat16, recipe.precision == 'bf16'):
            features = model(batch, text)
        loss = loss_fn(features[0].float(), features[1].float(), features[2])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.)
        optimizer.step()
        with torch.no_grad():
            model.logit_scale.clamp_(0, math.log(100))
        bar.set_postfix(loss=f'{loss.item():.3f}')
        done = step + 1
        if done % save_every == 0 or done == recipe.steps:
            late.active = False
            accuracy = zero_shot_accuracy(model, tokenizer, recipe.seed)
            logger.info('step %d: loss %.3f, zero-shot accuracy %.1f %%, '
                        'logit scale %.1f', done, loss.item(), 100 * accuracy,
                        model.logit_scale.exp().item())
            # Weights first: a complete checkpoint implies complete weights.
            save_weights(model, out, ARCHITECTURE, recipe, done)
            save_checkpoint(model, optimizer, done, checkpoint, recipe)


def _draw_batch(rng, images, tokens, size):
    """Returns: (B, 3, H, W) normalised images, (B, L) tokens."""
    rows = rng.choice(len(images), size, replace=False)
    batch = (images[rows] - MEAN) / STD
    flip = torch.from_numpy(rng.random(size) < .5)
    batch = torch.where(flip[:, None, None, None], batch.flip(-1), batch)
    return batch, tokens[rows, rng.integers(tokens.shape[1], size=size)]
