# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = 'maskclip_b.py'
method = 'ClearCLIP'
model = dict(
    backbone=dict(last_block='clearclip', off_grid='pad_even'),
    test_cfg=dict(crop_size=(448, 448), stride=(224, 224)),
    logit_scale=50)
