# MaskCLIP RN50 on Pascal VOC 2012, 20 classes.
# Protocol A; published 41.5 mIoU.
#
#     python tools/test.py configs/maskclip_rn50_voc.py
_base_ = [
    '_base_/models/maskclip_rn50.py', '_base_/datasets/voc.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='voc20')
