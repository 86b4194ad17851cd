# SCLIP ViT-B/16 on Pascal Context with background, protocol B; published 31.7
# mIoU.
#
#     python tools/test.py configs/sclip_context60.py
_base_ = [
    '_base_/models/sclip.py', '_base_/datasets/context60.py',
    '_base_/default_runtime.py'
]
model = dict(
    vocabulary='context60',
    logit_scale=50,
    background_threshold=0.1)
