# MaskCLIP ViT-B/16 on Pascal VOC 2012, 20 classes.
# Protocol A; published 49.5 mIoU.
#
#     python tools/test.py configs/maskclip_voc.py
_base_ = [
    '_base_/models/maskclip.py', '_base_/datasets/voc.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='voc20')
