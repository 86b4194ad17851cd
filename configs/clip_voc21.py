# Unmodified CLIP ViT-B/16 on Pascal VOC 2012 with background, protocol B with
# SCLIP's settings (without its area threshold); published 16.2 mIoU.
#
#     python tools/test.py configs/clip_voc21.py
_base_ = [
    '_base_/models/clip_b.py', '_base_/datasets/voc21.py',
    '_base_/default_runtime.py'
]
model = dict(
    vocabulary='voc21',
    logit_scale=65,
    background_threshold=0.1)
