# NACLIP + PAMR ViT-B/16 on Pascal Context, 59 classes, protocol B; published
# 38.4 mIoU.
#
#     python tools/test.py configs/naclip_pamr_context.py
_base_ = [
    '_base_/models/naclip_pamr.py', '_base_/datasets/context_336.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='context59_sclip')
