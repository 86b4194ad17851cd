# NACLIP on the toy scenes.
#
#     python tools/test.py configs/naclip_toy.py
_base_ = [
    '_base_/models/naclip.py', '_base_/datasets/toy.py',
    '_base_/default_runtime.py'
]
model = dict(
    clip=dict(model='toy-vit-p8', pretrained='toy'), vocabulary='toy')
