# Each region of similar colour gets the label of most of its pixels.
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = 'maskclip_b.py'
method = 'NACLIP + regions'
model = dict(
    backbone=dict(last_block='naclip'),
    regions=dict(type='Felzenszwalb'))
