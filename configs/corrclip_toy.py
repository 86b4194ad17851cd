# CorrCLIP, toy-vit-p8, on the toy scenes (12 classes).
# Protocol "toy, B (windows of 64)".
#
#     clipzs test corrclip_toy
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/corrclip.py', '_base_/datasets/toy.py',
    '_base_/default_runtime.py'
]
protocol = 'toy, B (windows of 64)'
model = dict(
    clip=dict(model='toy-vit-p8', pretrained='toy'),
    vocabulary='toy',
    backbone=dict(
        last_block=dict(
            unsegmented='zero',
            proxy=dict(model='toy-dino-p4', pretrained='toy'),
            scale=64.0)),
    regions=dict(
        type='Felzenszwalb', unsegmented='zero', scale=400.0, sigma=0.0),
    test_cfg=dict(crop_size=(64, 64), stride=(32, 32)))
