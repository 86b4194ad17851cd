# SC-CLIP ViT-B/16 on Pascal VOC 2012, 20 classes, protocol B; published 84.3
# mIoU.
#
#     python tools/test.py configs/scclip_voc.py
_base_ = [
    '_base_/models/scclip.py', '_base_/datasets/voc_336.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='voc20_sclip')
