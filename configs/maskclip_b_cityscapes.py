# MaskCLIP ViT-B/16 on Cityscapes, 19 classes, protocol B with SCLIP's
# settings; published 24.9 mIoU.
#
#     python tools/test.py configs/maskclip_b_cityscapes.py
_base_ = [
    '_base_/models/maskclip_b.py', '_base_/datasets/cityscapes_560.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='cityscapes19')
