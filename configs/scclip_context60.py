# SC-CLIP ViT-B/16 on Pascal Context with background, protocol B; published
# 36.8 mIoU.
#
#     python tools/test.py configs/scclip_context60.py
_base_ = [
    '_base_/models/scclip.py', '_base_/datasets/context60.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='context60', background_threshold=0.15)
