# Unmodified CLIP ViT-B/16 on Pascal VOC 2012, 20 classes.
# Protocol A.
#
#     python tools/test.py configs/clip_voc.py
_base_ = [
    '_base_/models/clip.py', '_base_/datasets/voc.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='voc20')
