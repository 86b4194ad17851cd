# ResCLIP (NACLIP), toy-vit-p8, on the toy scenes (12 classes).
# Protocol "toy, B (windows of 64)".
#
#     clipzs test resclip_toy
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/resclip.py', '_base_/datasets/toy.py',
    '_base_/default_runtime.py'
]
protocol = 'toy, B (windows of 64)'
model = dict(
    clip=dict(model='toy-vit-p8', pretrained='toy'),
    vocabulary='toy',
    test_cfg=dict(crop_size=(64, 64), stride=(32, 32)))
