# MaskCLIP ViT-B/16 on Pascal Context, 59 classes, protocol B with SCLIP's
# settings; published 26.4 mIoU.
#
#     python tools/test.py configs/maskclip_b_context.py
_base_ = [
    '_base_/models/maskclip_b.py', '_base_/datasets/context_336.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='context59_sclip')
