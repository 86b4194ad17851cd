# CLIP RN50, attention pool kept, on COCO-Stuff, 171 classes.
# Protocol A.
#
#     python tools/test.py configs/clip_rn50_coco_stuff.py
_base_ = [
    '_base_/models/clip_rn50.py', '_base_/datasets/coco_stuff.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='coco_stuff171')
