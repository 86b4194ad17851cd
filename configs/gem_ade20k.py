# GEM ViT-B/16 on ADE20K, 150 classes, protocol B with SCLIP's settings;
# published 15.7 mIoU.
#
#     python tools/test.py configs/gem_ade20k.py
_base_ = [
    '_base_/models/gem.py', '_base_/datasets/ade20k_336.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='ade20k150')
