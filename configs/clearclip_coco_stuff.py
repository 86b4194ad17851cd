# ClearCLIP ViT-B/16 on COCO-Stuff, 171 classes, protocol B with ClearCLIP's
# settings; published 23.9 mIoU.
#
#     python tools/test.py configs/clearclip_coco_stuff.py
_base_ = [
    '_base_/models/clearclip.py', '_base_/datasets/coco_stuff_448.py',
    '_base_/default_runtime.py'
]
protocol = 'B (ClearCLIP)'
model = dict(vocabulary='coco_stuff171')
