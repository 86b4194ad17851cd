# MaskCLIP + key smoothing + prompt denoising, toy-vit-p8, on the toy scenes
# (12 classes).
# Protocol "toy".
#
#     python tools/test.py configs/maskclip_ks_pd_toy.py
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/maskclip_ks_pd.py', '_base_/datasets/toy.py',
    '_base_/default_runtime.py'
]
protocol = 'toy'
model = dict(clip=dict(model='toy-vit-p8', pretrained='toy'), vocabulary='toy')
