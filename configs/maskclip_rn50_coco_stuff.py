# MaskCLIP RN50 on COCO-Stuff, 171 classes.
# Protocol A; published 10.2 mIoU.
#
#     python tools/test.py configs/maskclip_rn50_coco_stuff.py
_base_ = [
    '_base_/models/maskclip_rn50.py', '_base_/datasets/coco_stuff.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='coco_stuff171')
