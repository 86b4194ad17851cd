# SCLIP ViT-B/16 on Cityscapes, 19 classes, protocol B; published 32.3 mIoU.
#
#     python tools/test.py configs/sclip_cityscapes.py
_base_ = [
    '_base_/models/sclip.py', '_base_/datasets/cityscapes_560.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='cityscapes19')
