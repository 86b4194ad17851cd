# GEM ViT-B/16 on Pascal Context with background, protocol B with SCLIP's
# settings; published 32.6 mIoU.
#
#     python tools/test.py configs/gem_context60.py
_base_ = [
    '_base_/models/gem.py', '_base_/datasets/context60.py',
    '_base_/default_runtime.py'
]
model = dict(
    vocabulary='context60',
    logit_scale=50,
    background_threshold=0.1)
