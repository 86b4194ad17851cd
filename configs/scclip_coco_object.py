# SC-CLIP ViT-B/16 on COCO-Object with background, protocol B; published 37.7
# mIoU.
#
#     python tools/test.py configs/scclip_coco_object.py
_base_ = [
    '_base_/models/scclip.py', '_base_/datasets/coco_object_336.py',
    '_base_/default_runtime.py'
]
model = dict(
    vocabulary='coco_object81',
    logit_scale=55,
    background_threshold=0.35)
