"""Train the toy CLIP on the captions of toy scenes.

The weights shipped with the package come from

    clipzs train-toy-clip --seed 0 \\
        --out mmseg_clipzs/clip/weights/toy-vit-p8.safetensors

which takes about half an hour on two cores with bfloat16 support
(torch >= 2.3).
"""
import logging
import os
from dataclasses import fields

from mmseg_clipzs.recipes.toy_clip import ARCHITECTURE, ToyClipRecipe

from .arguments import add_output

HELP = dict(
    steps='optimizer steps',
    batch_size='image-text pairs per step',
    lr='peak learning rate',
    weight_decay='weight decay of matrices',
    warmup='warmup steps',
    patch_dropout='share of patches dropped during the first three quarters '
    'of training, for speed',
    late_share='share of steps in which the class token sees the patches in '
    'the last block only',
    scenes='size of the pool of training scenes',
    seed='random seed',
    precision='bf16 or fp32; bf16 is faster on processors that support it')


def add_options(parser):
    add_output(
        parser, '--out', default=f'work_dirs/{ARCHITECTURE}.safetensors',
        help='weights to write (float16)')
    for field in fields(ToyClipRecipe):
        parser.add_argument(
            f'--{field.name.replace("_", "-")}', type=field.type,
            default=field.default, help=HELP[field.name],
            choices=['bf16', 'fp32'] if field.name == 'precision' else None)
    parser.add_argument('--workers', type=int, default=os.cpu_count(),
                        help='processes that draw scenes; 0 disables them')
    parser.add_argument('--save-every', type=int, default=200,
                        help='steps between checkpoints')
    parser.add_argument('--resume', action='store_true',
                        help='continue from OUT.checkpoint if it exists')


def run(args):
    from mmseg_clipzs.toy.training import train_toy_clip
    logging.basicConfig(level=logging.INFO, format='%(message)s')
    recipe = ToyClipRecipe(**{field.name: getattr(args, field.name)
                              for field in fields(ToyClipRecipe)})
    train_toy_clip(args.out, recipe, args.workers, args.save_every,
                   args.resume)
