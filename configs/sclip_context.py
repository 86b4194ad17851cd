# SCLIP ViT-B/16 on Pascal Context, 59 classes, protocol B; published 34.5
# mIoU.
#
#     python tools/test.py configs/sclip_context.py
_base_ = [
    '_base_/models/sclip.py', '_base_/datasets/context_336.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='context59_sclip')
