# NACLIP ViT-B/16 on Pascal Context with background, protocol B; published 32.2
# mIoU.
#
#     python tools/test.py configs/naclip_context60.py
_base_ = [
    '_base_/models/naclip.py', '_base_/datasets/context60.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='context60', background_threshold=0.1)
