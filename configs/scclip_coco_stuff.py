# SC-CLIP ViT-B/16 on COCO-Stuff, 171 classes, protocol B; published 26.6 mIoU.
#
#     python tools/test.py configs/scclip_coco_stuff.py
_base_ = [
    '_base_/models/scclip.py', '_base_/datasets/coco_stuff_336.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='coco_stuff171')
