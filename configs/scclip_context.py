# SC-CLIP ViT-B/16 on Pascal Context, 59 classes, protocol B; published 40.1
# mIoU.
#
#     python tools/test.py configs/scclip_context.py
_base_ = [
    '_base_/models/scclip.py', '_base_/datasets/context_336.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='context59_sclip')
