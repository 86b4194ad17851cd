# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = 'maskclip_b.py'
method = 'SFP'
model = dict(backbone=dict(last_block='sfp'))
