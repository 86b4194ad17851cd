# NACLIP ViT-B/16 on Cityscapes, 19 classes, protocol B; published 35.5 mIoU.
#
#     python tools/test.py configs/naclip_cityscapes.py
_base_ = [
    '_base_/models/naclip.py', '_base_/datasets/cityscapes_560.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='cityscapes19')
