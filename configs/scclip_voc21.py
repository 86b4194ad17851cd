# SC-CLIP ViT-B/16 on Pascal VOC 2012 with background, protocol B; published
# 64.6 mIoU.
#
#     python tools/test.py configs/scclip_voc21.py
_base_ = [
    '_base_/models/scclip.py', '_base_/datasets/voc21.py',
    '_base_/default_runtime.py'
]
model = dict(
    vocabulary='voc21',
    logit_scale=50,
    background_threshold=0.15)
