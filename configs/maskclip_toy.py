# MaskCLIP with the toy CLIP on the toy scenes: seconds, offline.
#
#     python tools/test.py configs/maskclip_toy.py
_base_ = [
    '_base_/models/maskclip.py', '_base_/datasets/toy.py',
    '_base_/default_runtime.py'
]
model = dict(
    clip=dict(model='toy-vit-p8', pretrained='toy'), vocabulary='toy')
