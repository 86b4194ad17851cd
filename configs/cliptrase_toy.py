# CLIPtrase's attention on the toy scenes.
#
#     python tools/test.py configs/cliptrase_toy.py
_base_ = [
    '_base_/models/cliptrase.py', '_base_/datasets/toy.py',
    '_base_/default_runtime.py'
]
model = dict(
    clip=dict(model='toy-vit-p8', pretrained='toy'), vocabulary='toy')
