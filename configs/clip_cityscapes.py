# Unmodified CLIP ViT-B/16 on Cityscapes, 19 classes. Protocol A.
#
#     python tools/test.py configs/clip_cityscapes.py
_base_ = [
    '_base_/models/clip.py', '_base_/datasets/cityscapes.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='cityscapes19')
