# NACLIP + PAMR ViT-B/16 on COCO-Stuff, 171 classes, protocol B; published 25.7
# mIoU.
#
#     python tools/test.py configs/naclip_pamr_coco_stuff.py
_base_ = [
    '_base_/models/naclip_pamr.py', '_base_/datasets/coco_stuff_336.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='coco_stuff171')
