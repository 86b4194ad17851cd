# GEM ViT-B/16 on COCO-Stuff, 171 classes, protocol B with SCLIP's settings;
# published 23.7 mIoU.
#
#     python tools/test.py configs/gem_coco_stuff.py
_base_ = [
    '_base_/models/gem.py', '_base_/datasets/coco_stuff_448.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='coco_stuff171')
