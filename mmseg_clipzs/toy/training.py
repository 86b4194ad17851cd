"""Train the toy CLIP from the toy scenes' captions (never from masks).

The weights shipped with the package come from

    python tools/train_toy_clip.py --seed 0 \\
        --out mmseg_clipzs/clip/weights/toy-vit-p8.safetensors

which takes about half an hour on two cores with bfloat16 units (torch >= 2.3).
Model, tokenizer and loss are open_clip's own. A run that was interrupted
goes on with ``--resume``.
"""
import argparse
import json
import logging
import math
import multiprocessing
import os
import os.path as osp
from functools import partial

import cv2
import numpy as np
import open_clip
import torch
from safetensors.torch import save_file
from torch.nn.attention import SDPBackend, sdpa_kernel
from tqdm import tqdm

import mmseg_clipzs
from mmseg_clipzs.utils import atomic_write

from .scenes import (
    CLASSES,
    make_scene,
    make_varied_scene,
)

ARCHITECTURE = 'toy-vit-p8'
CONFIG = osp.join(
    osp.dirname(mmseg_clipzs.__file__), 'clip', 'model_configs',
    ARCHITECTURE + '.json')
MEAN = torch.tensor(open_clip.OPENAI_DATASET_MEAN).view(3, 1, 1) * 255
STD = torch.tensor(open_clip.OPENAI_DATASET_STD).view(3, 1, 1) * 255
logger = logging.getLogger('train_toy_clip')


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--out',
                        default=f'work_dirs/{ARCHITECTURE}.safetensors',
                        help='weights to write, float16 safetensors')
    parser.add_argument('--steps', type=int, default=2600)
    parser.add_argument('--batch-size', type=int, default=128)
    parser.add_argument('--lr', type=float, default=1e-3)
    parser.add_argument('--weight-decay', type=float, default=.1)
    parser.add_argument('--warmup', type=int, default=100, help='steps')
    parser.add_argument('--patch-dropout', type=float, default=.5,
                        help='share of patches left out, for speed, until '
                        'the last quarter of the steps')
    parser.add_argument('--late-share', type=float, default=.3,
                        help='share of the steps in which the class token '
                        'sees the patches in the last block only')
    parser.add_argument('--scenes', type=int, default=20000,
                        help='size of the pool drawn before training')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--precision', choices=['bf16', 'fp32'],
                        default='bf16',
                        help='bf16 is faster where the processor has it')
    parser.add_argument('--workers', type=int, default=os.cpu_count(),
                        help='processes that draw scenes')
    parser.add_argument('--save-every', type=int, default=200, help='steps')
    parser.add_argument('--resume', action='store_true',
                        help='go on from OUT.checkpoint if it is there')
    return parser.parse_args()


def draw(index, seed, size):
    """One training scene: (3, size, size) uint8 and its captions."""
    rng = np.random.default_rng([seed, 2, index])  # 0 and 1: train, val
    image, _, captions = make_varied_scene(rng, size)
    return image.transpose(2, 0, 1), captions


def draw_pool(count, seed, size, workers):
    """Returns: (count, 3, size, size) uint8 and a list of caption lists."""
    task = partial(draw, seed=seed, size=size)
    # One thread each, or the processes get into each other's way.
    with multiprocessing.Pool(workers, cv2.setNumThreads, (1, )) as pool:
        scenes = list(tqdm(pool.imap(task, range(count), 64), 'scenes', count))
    return torch.from_numpy(np.stack([s[0] for s in scenes])), [
        s[1] for s in scenes]


def learning_rate(step, args):
    if step < args.warmup:
        return args.lr * (step + 1) / args.warmup
    done = (step - args.warmup) / max(1, args.steps - args.warmup)
    return args.lr * .5 * (1 + math.cos(math.pi * done))


def make_optimizer(model, args):
    decayed, plain = [], []
    for name, parameter in model.named_parameters():
        matrix = parameter.ndim >= 2 and 'embedding' not in name
        (decayed if matrix else plain).append(parameter)
    return torch.optim.AdamW(
        [dict(params=decayed, weight_decay=args.weight_decay),
         dict(params=plain, weight_decay=0.)],
        lr=args.lr, betas=(.9, .98), fused=True)


class LateClassToken:
    """Keep class token and patches apart in all blocks but the last.

    What the class token knows then passes through the last block's values,
    which MaskCLIP reads out: without this a model trained for minutes has
    little there. It shapes the toy in MaskCLIP's favour and says nothing of
    CLIP. It acts on a share of the steps, so that the model works without it.
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


def recipe_of(args):
    return {key: value for key, value in vars(args).items()
            if key not in ('out', 'workers', 'save_every', 'resume')}


def save_checkpoint(model, optimizer, step, path, args):
    state = dict(model=model.state_dict(), optimizer=optimizer.state_dict(),
                 random=torch.get_rng_state(), step=step,
                 recipe=recipe_of(args))
    with atomic_write(path) as temporary:
        torch.save(state, temporary)


def load_checkpoint(model, optimizer, path, args):
    """Returns: the number of steps done."""
    state = torch.load(path, map_location='cpu', weights_only=True)
    if state['recipe'] != recipe_of(args):
        raise SystemExit(f'{path} belongs to the recipe {state["recipe"]}, '
                         f'not {recipe_of(args)}; give the same options or '
                         'start without --resume.')
    model.load_state_dict(state['model'])
    optimizer.load_state_dict(state['optimizer'])
    torch.set_rng_state(state['random'])
    logger.info('Resumed %s at step %d.', path, state['step'])
    return state['step']


def save_weights(model, path, args, step):
    recipe = dict(architecture=ARCHITECTURE, steps_done=step,
                  **recipe_of(args))
    weights = {k: v.half().contiguous() for k, v in model.state_dict().items()}
    with atomic_write(path) as temporary:
        save_file(weights, temporary,
                  metadata=dict(format='pt', recipe=json.dumps(recipe)))


@torch.no_grad()
def zero_shot_accuracy(model, tokenizer, seed, count=200):
    """Share of unseen single-object scenes whose object is told right.

    A report only; the masks tell which object was drawn.
    """
    model.eval()
    objects = CLASSES[:8]
    text = model.encode_text(
        tokenizer([f'a photo of a {name}.' for name in objects]), True)
    images, truth = [], []
    for i in range(count):
        rng = np.random.default_rng([seed, 3, i])
        image, mask, _ = make_scene(rng, model.visual.image_size[0], 1)
        images.append(torch.from_numpy(image).permute(2, 0, 1))
        truth.append(int(mask[mask < 8].flat[0]))
    images = (torch.stack(images) - MEAN) / STD  # (count, 3, H, W)
    guess = (model.encode_image(images, True) @ text.T).argmax(1)
    model.train()
    return (guess == torch.tensor(truth)).float().mean().item()


def train(args):
    torch.manual_seed(args.seed)
    open_clip.add_model_config(CONFIG)
    model = open_clip.create_model(
        ARCHITECTURE, load_weights=False,
        force_patch_dropout=args.patch_dropout)
    tokenizer = open_clip.get_tokenizer(ARCHITECTURE)
    loss_fn = open_clip.ClipLoss()
    optimizer = make_optimizer(model, args)
    late = LateClassToken(model)
    checkpoint, step = args.out + '.checkpoint', 0
    if args.resume and osp.exists(checkpoint):
        step = load_checkpoint(model, optimizer, checkpoint, args)

    images, captions = draw_pool(args.scenes, args.seed,
                                 model.visual.image_size[0], args.workers)
    # A row of tokens per caption: (scenes, captions, context)
    tokens = torch.stack([tokenizer(c) for c in tqdm(captions, 'tokens')])
    model.train()
    bar = tqdm(range(step, args.steps), 'steps', args.steps, initial=step)
    for step in bar:
        # Seeded by the step, so that a resumed run goes the same way.
        rng = np.random.default_rng([args.seed, 4, step])
        rows = rng.choice(len(images), args.batch_size, replace=False)
        batch = (images[rows] - MEAN) / STD  # (B, 3, H, W)
        flip = torch.from_numpy(rng.random(args.batch_size) < .5)
        batch = torch.where(flip[:, None, None, None], batch.flip(-1), batch)
        text = tokens[rows, rng.integers(tokens.shape[1], size=len(rows))]
        if step >= .75 * args.steps:
            model.visual.patch_dropout = torch.nn.Identity()
        late.active = rng.random() < args.late_share
        for group in optimizer.param_groups:
            group['lr'] = learning_rate(step, args)
        # The plain attention is twice as fast as the fused one at this size.
        with sdpa_kernel(SDPBackend.MATH), torch.autocast(
                'cpu', torch.bfloat16, args.precision == 'bf16'):
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
        if done % args.save_every == 0 or done == args.steps:
            late.active = False
            accuracy = zero_shot_accuracy(model, tokenizer, args.seed)
            logger.info('step %d: loss %.3f, zero-shot accuracy %.1f %%, '
                        'logit scale %.1f', done, loss.item(), 100 * accuracy,
                        model.logit_scale.exp().item())
            # In this order: where the checkpoint ends, the weights are there.
            save_weights(model, args.out, args, done)
            save_checkpoint(model, optimizer, done, checkpoint, args)


def main():
    """The command."""
    logging.basicConfig(level=logging.INFO, format='%(message)s')
    train(parse_args())
