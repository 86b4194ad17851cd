# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = 'maskclip_b.py'
method = 'NACLIP + PAMR'
model = dict(
    backbone=dict(last_block='naclip'),
    pamr=dict(steps=10, dilations=(8, 16)))
