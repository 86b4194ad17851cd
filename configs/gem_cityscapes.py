# GEM ViT-B/16 on Cityscapes, 19 classes, protocol B with SCLIP's settings;
# published 30.8 mIoU.
#
#     python tools/test.py configs/gem_cityscapes.py
_base_ = [
    '_base_/models/gem.py', '_base_/datasets/cityscapes_560.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='cityscapes19')
