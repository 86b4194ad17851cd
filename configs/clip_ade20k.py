# Unmodified CLIP ViT-B/16 on ADE20K, 150 classes. Protocol A.
#
#     python tools/test.py configs/clip_ade20k.py
_base_ = [
    '_base_/models/clip.py', '_base_/datasets/ade20k.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='ade20k150')
