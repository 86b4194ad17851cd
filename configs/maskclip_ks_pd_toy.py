# MaskCLIP with key smoothing and prompt denoising on the toy scenes.
#
#     python tools/test.py configs/maskclip_ks_pd_toy.py
_base_ = [
    '_base_/models/maskclip_ks_pd.py', '_base_/datasets/toy.py',
    '_base_/default_runtime.py'
]
model = dict(
    clip=dict(model='toy-vit-p8', pretrained='toy'), vocabulary='toy')
