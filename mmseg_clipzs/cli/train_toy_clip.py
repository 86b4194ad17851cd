"""Train the toy CLIP on the captions of toy scenes.

The weights shipped with the package come from

    clipzs train-toy-clip --seed 0 \\
        --out mmseg_clipzs/clip/weights/toy-vit-p8.safetensors

which takes about half an hour on two cores with bfloat16 support
(torch >= 2.3).
"""
from mmseg_clipzs.recipes.toy_clip import ARCHITECTURE, ToyClipRecipe

from .toy_training import add_recipe, run_recipe

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
    add_recipe(parser, ARCHITECTURE, ToyClipRecipe, HELP)


def run(args):
    from mmseg_clipzs.toy.clip_training import train_toy_clip
    run_recipe(args, ToyClipRecipe, train_toy_clip)
