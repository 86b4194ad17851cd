# Unmodified CLIP ViT-B/16 on COCO-Stuff, 171 classes, protocol B with SCLIP's
# settings; published 4.4 mIoU.
#
#     python tools/test.py configs/clip_b_coco_stuff.py
_base_ = [
    '_base_/models/clip_b.py', '_base_/datasets/coco_stuff_448.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='coco_stuff171')
