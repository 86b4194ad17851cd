# ProxyCLIP with DINO B/8.
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = 'maskclip_b.py'
method = 'ProxyCLIP'
model = dict(
    backbone=dict(
        last_block=dict(
            _delete_=True,
            type='proxyclip',
            proxy=dict(model='vit_base_patch8_224', pretrained='dino')),
        off_grid='pad_even'),
    test_cfg=dict(crop_size=(336, 336)))
