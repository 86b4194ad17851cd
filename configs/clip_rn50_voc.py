# CLIP RN50, attention pool kept, on Pascal VOC 2012, 20 classes.
# Protocol A.
#
#     python tools/test.py configs/clip_rn50_voc.py
_base_ = [
    '_base_/models/clip_rn50.py', '_base_/datasets/voc.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='voc20')
