# SCLIP on the toy scenes.
#
#     python tools/test.py configs/sclip_toy.py
_base_ = [
    '_base_/models/sclip.py', '_base_/datasets/toy.py',
    '_base_/default_runtime.py'
]
model = dict(
    clip=dict(model='toy-vit-p8', pretrained='toy'), vocabulary='toy')
