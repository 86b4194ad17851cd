# MaskCLIP in protocol B.
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = 'maskclip.py'
model = dict(
    backbone=dict(off_grid='drop', pos_embed='sclip'),
    test_cfg=dict(mode='slide', crop_size=(224, 224), stride=(112, 112)),
    logit_scale=40)
