# NACLIP ViT-B/16 on COCO-Stuff, 171 classes, protocol B; published 23.3 mIoU.
#
#     python tools/test.py configs/naclip_coco_stuff.py
_base_ = [
    '_base_/models/naclip.py', '_base_/datasets/coco_stuff_336.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='coco_stuff171')
