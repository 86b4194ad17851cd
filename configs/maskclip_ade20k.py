# MaskCLIP ViT-B/16 on ADE20K, 150 classes. Protocol A.
#
#     python tools/test.py configs/maskclip_ade20k.py
_base_ = [
    '_base_/models/maskclip.py', '_base_/datasets/ade20k.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='ade20k150')
