# MaskCLIP ViT-B/16 on COCO-Stuff, 171 classes, protocol B with SCLIP's
# settings; published 16.7 mIoU.
#
#     python tools/test.py configs/maskclip_b_coco_stuff.py
_base_ = [
    '_base_/models/maskclip_b.py', '_base_/datasets/coco_stuff_448.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='coco_stuff171')
