# Unmodified CLIP ViT-B/16 on Pascal Context, 59 classes.
# Protocol A; published 9.0 mIoU.
#
#     python tools/test.py configs/clip_context.py
_base_ = [
    '_base_/models/clip.py', '_base_/datasets/context.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='context59')
