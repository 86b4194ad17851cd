# ClearCLIP ViT-B/16 on Cityscapes, 19 classes, protocol B with ClearCLIP's
# settings; published 30.0 mIoU.
#
#     python tools/test.py configs/clearclip_cityscapes.py
_base_ = [
    '_base_/models/clearclip.py', '_base_/datasets/cityscapes_448.py',
    '_base_/default_runtime.py'
]
protocol = 'B (ClearCLIP)'
model = dict(vocabulary='cityscapes19', test_cfg=dict(crop_size=(224, 224)))
