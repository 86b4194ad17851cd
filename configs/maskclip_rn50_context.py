# MaskCLIP RN50 on Pascal Context, 59 classes.
# Protocol A; published 18.5 mIoU.
#
#     python tools/test.py configs/maskclip_rn50_context.py
_base_ = [
    '_base_/models/maskclip_rn50.py', '_base_/datasets/context.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='context59')
