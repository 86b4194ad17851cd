# GEM ViT-B/16 on Pascal Context, 59 classes, protocol B with SCLIP's settings;
# published 35.9 mIoU.
#
#     python tools/test.py configs/gem_context.py
_base_ = [
    '_base_/models/gem.py', '_base_/datasets/context_336.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='context59_sclip')
