# CLIPtrase's attention ViT-B/16 on Cityscapes, 19 classes, protocol B with
# SCLIP's settings.
#
#     python tools/test.py configs/cliptrase_cityscapes.py
_base_ = [
    '_base_/models/cliptrase.py', '_base_/datasets/cityscapes_560.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='cityscapes19')
