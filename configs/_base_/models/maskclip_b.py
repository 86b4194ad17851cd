# MaskCLIP in protocol B, with SCLIP's settings where it has none of its own.
_base_ = 'maskclip.py'
model = dict(
    backbone=dict(off_grid='drop', pos_embed='sclip'),
    logit_scale=40,
    test_cfg=dict(mode='slide', crop_size=(224, 224), stride=(112, 112)))
