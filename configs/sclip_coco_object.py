# SCLIP ViT-B/16 on COCO-Object with background, protocol B; published 33.5
# mIoU.
#
#     python tools/test.py configs/sclip_coco_object.py
_base_ = [
    '_base_/models/sclip.py', '_base_/datasets/coco_object_336.py',
    '_base_/default_runtime.py'
]
model = dict(
    vocabulary='coco_object81',
    logit_scale=50,
    background_threshold=0.1)
