# SCLIP ViT-B/16 on Pascal VOC 2012, 20 classes, protocol B; published 81.5
# mIoU.
#
#     python tools/test.py configs/sclip_voc.py
_base_ = [
    '_base_/models/sclip.py', '_base_/datasets/voc_336.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='voc20_sclip')
