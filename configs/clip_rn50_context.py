# CLIP RN50, attention pool kept, on Pascal Context, 59 classes.
# Protocol A.
#
#     python tools/test.py configs/clip_rn50_context.py
_base_ = [
    '_base_/models/clip_rn50.py', '_base_/datasets/context.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='context59')
