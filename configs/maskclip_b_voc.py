# MaskCLIP ViT-B/16 on Pascal VOC 2012, 20 classes, protocol B with SCLIP's
# settings; published 74.9 mIoU.
#
#     python tools/test.py configs/maskclip_b_voc.py
_base_ = [
    '_base_/models/maskclip_b.py', '_base_/datasets/voc_336.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='voc20_sclip')
