# Unmodified CLIP on the toy scenes, protocol B (windows of 64).
#
#     python tools/test.py configs/clip_b_toy.py
_base_ = [
    '_base_/models/clip_b.py', '_base_/datasets/toy_b.py',
    '_base_/default_runtime.py'
]
model = dict(
    clip=dict(model='toy-vit-p8', pretrained='toy'),
    vocabulary='toy',
    test_cfg=dict(mode='slide', crop_size=(64, 64), stride=(32, 32)))
