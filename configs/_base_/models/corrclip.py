# CorrCLIP, version 1, with MetaCLIP's weights.
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = 'maskclip_b.py'
method = 'CorrCLIP'
model = dict(
    clip=dict(model='ViT-B-16-quickgelu', pretrained='metaclip_fullcc'),
    backbone=dict(
        last_block=dict(
            _delete_=True,
            type='corrclip',
            unsegmented='lowest',
            proxy=dict(model='vit_base_patch8_224', pretrained='dino')),
        off_grid='pad_even'),
    test_cfg=dict(crop_size=(336, 336)),
    regions=dict(type='Sam2Regions', unsegmented='lowest'))
