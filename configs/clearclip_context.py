# ClearCLIP ViT-B/16 on Pascal Context, 59 classes, protocol B with ClearCLIP's
# settings; published 35.9 mIoU.
#
#     python tools/test.py configs/clearclip_context.py
_base_ = [
    '_base_/models/clearclip.py', '_base_/datasets/context_448.py',
    '_base_/default_runtime.py'
]
protocol = 'B (ClearCLIP)'
model = dict(vocabulary='context59_sclip')
