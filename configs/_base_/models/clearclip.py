_base_ = 'maskclip_b.py'
method = 'ClearCLIP'
model = dict(
    backbone=dict(last_block='clearclip', off_grid='pad_even'),
    logit_scale=50,
    test_cfg=dict(crop_size=(448, 448), stride=(224, 224)))
