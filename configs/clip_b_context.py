# Unmodified CLIP ViT-B/16 on Pascal Context, 59 classes, protocol B with
# SCLIP's settings; published 9.2 mIoU.
#
#     python tools/test.py configs/clip_b_context.py
_base_ = [
    '_base_/models/clip_b.py', '_base_/datasets/context_336.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='context59_sclip')
