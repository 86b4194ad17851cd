# NACLIP ViT-B/16 on Pascal VOC 2012, 20 classes, protocol B, the whole image
# at once; published 79.7 mIoU.
#
#     python tools/test.py configs/naclip_voc.py
_base_ = [
    '_base_/models/naclip.py', '_base_/datasets/voc_336.py',
    '_base_/default_runtime.py'
]
model = dict(
    vocabulary='voc20_sclip',
    test_cfg=dict(_delete_=True, mode='whole'))
