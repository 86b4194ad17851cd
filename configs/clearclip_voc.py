# ClearCLIP ViT-B/16 on Pascal VOC 2012, 20 classes, protocol B with
# ClearCLIP's settings; published 80.9 mIoU.
#
#     python tools/test.py configs/clearclip_voc.py
_base_ = [
    '_base_/models/clearclip.py', '_base_/datasets/voc_448.py',
    '_base_/default_runtime.py'
]
protocol = 'B (ClearCLIP)'
model = dict(vocabulary='voc20_plain')
