"""Train the toy DINO on toy scenes, without captions and labels.

It is the second network of ProxyCLIP and others on the toy scenes. The weights
shipped with the package come from

    clipzs train-toy-dino --seed 0 \\
        --out mmseg_clipzs/proxy/weights/toy-dino-p4.safetensors

which takes about half an hour on two cores with bfloat16 support
(torch >= 2.3).
"""
from mmseg_clipzs.recipes.toy_dino import ARCHITECTURE, ToyDinoRecipe

from .toy_training import add_recipe, run_recipe

HELP = dict(
    steps='optimizer steps',
    batch_size='scenes per step',
    lr='peak learning rate',
    weight_decay='weight decay of matrices',
    warmup='warmup steps',
    small_crops='crops of a scene beside the two large ones',
    masked_share='share of the patches that are hidden in a masked crop',
    prototypes='size of the distributions that student and teacher agree on',
    momentum="the teacher's momentum at first",
    scenes='size of the pool of training scenes',
    seed='random seed',
    precision='bf16 or fp32; bf16 is faster on processors that support it')


def add_options(parser):
    add_recipe(parser, ARCHITECTURE, ToyDinoRecipe, HELP)


def run(args):
    from mmseg_clipzs.toy.dino_training import train_toy_dino
    run_recipe(args, ToyDinoRecipe, train_toy_dino)
