# Trident's splice and SAM attention, without its mask decoder.
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = 'maskclip_b.py'
method = 'Trident'
model = dict(
    backbone=dict(
        type='TridentViT',
        last_block=dict(
            _delete_=True,
            type='proxyclip',
            proxy=dict(model='vit_base_patch16_224', pretrained='dino')),
        off_grid='pad',
        sam=dict(model='samvit_base_patch16', pretrained='sa1b')),
    test_cfg=dict(_delete_=True, mode='whole'))
