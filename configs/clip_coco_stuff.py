# Unmodified CLIP ViT-B/16 on COCO-Stuff, 171 classes.
# Protocol A; published 4.3 mIoU.
#
#     python tools/test.py configs/clip_coco_stuff.py
_base_ = [
    '_base_/models/clip.py', '_base_/datasets/coco_stuff.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='coco_stuff171')
