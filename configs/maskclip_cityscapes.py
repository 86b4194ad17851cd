# MaskCLIP ViT-B/16 on Cityscapes, 19 classes. Protocol A.
#
#     python tools/test.py configs/maskclip_cityscapes.py
_base_ = [
    '_base_/models/maskclip.py', '_base_/datasets/cityscapes.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='cityscapes19')
