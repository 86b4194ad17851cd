# SCLIP ViT-B/16 on Pascal VOC 2012 with background, protocol B;
# published 59.6 mIoU.
#
#     python tools/test.py configs/sclip_voc21.py
_base_ = [
    '_base_/models/sclip.py', '_base_/datasets/voc21.py',
    '_base_/default_runtime.py'
]
model = dict(
    vocabulary='voc21',
    logit_scale=65,
    background_threshold=0.1,
    area_threshold=0.1)
