# SCLIP ViT-B/16 on COCO-Stuff, 171 classes, protocol B; published 22.8 mIoU.
#
#     python tools/test.py configs/sclip_coco_stuff.py
_base_ = [
    '_base_/models/sclip.py', '_base_/datasets/coco_stuff_448.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='coco_stuff171')
