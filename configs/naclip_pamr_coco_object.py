# NACLIP + PAMR ViT-B/16 on COCO-Object with background, protocol B; published
# 36.2 mIoU.
#
#     python tools/test.py configs/naclip_pamr_coco_object.py
_base_ = [
    '_base_/models/naclip_pamr.py', '_base_/datasets/coco_object_336.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='coco_object81', background_threshold=0.1)
