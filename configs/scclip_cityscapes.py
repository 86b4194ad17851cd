# SC-CLIP ViT-B/16 on Cityscapes, 19 classes, protocol B; published 41.0 mIoU.
#
#     python tools/test.py configs/scclip_cityscapes.py
_base_ = [
    '_base_/models/scclip.py', '_base_/datasets/cityscapes_560.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='cityscapes19')
