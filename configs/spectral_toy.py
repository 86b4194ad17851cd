# Unmodified CLIP + spectral clustering, toy-vit-p8, on the toy scenes (12
# classes).
# Protocol "toy".
#
#     clipzs test spectral_toy
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/spectral_clip.py', '_base_/datasets/toy.py',
    '_base_/default_runtime.py'
]
protocol = 'toy'
model = dict(clip=dict(model='toy-vit-p8', pretrained='toy'), vocabulary='toy')
