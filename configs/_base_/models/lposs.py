# MaskCLIP, its scores propagated over similar patches.
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = 'maskclip.py'
method = 'LPOSS'
model = dict(
    clip=dict(pretrained='laion2b_s34b_b88k'),
    backbone=dict(off_grid='pad', pos_embed='exact'),
    test_cfg=dict(mode='slide', crop_size=(224, 224), stride=(112, 112)),
    propagation=dict(
        iterations=10,
        proxy=dict(model='vit_base_patch16_224', pretrained='dino')))
