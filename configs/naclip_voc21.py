# NACLIP ViT-B/16 on Pascal VOC 2012 with background, protocol B, the whole
# image at once; published 58.9 mIoU.
#
#     python tools/test.py configs/naclip_voc21.py
_base_ = [
    '_base_/models/naclip.py', '_base_/datasets/voc21.py',
    '_base_/default_runtime.py'
]
model = dict(
    vocabulary='voc21',
    background_threshold=0.1,
    test_cfg=dict(_delete_=True, mode='whole'))
