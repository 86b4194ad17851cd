# NACLIP + PAMR ViT-B/16 on Pascal Context with background, protocol B;
# published 35.0 mIoU.
#
#     python tools/test.py configs/naclip_pamr_context60.py
_base_ = [
    '_base_/models/naclip_pamr.py', '_base_/datasets/context60.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='context60', background_threshold=0.1)
