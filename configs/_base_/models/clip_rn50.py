# Baseline: CLIP's whole attention pool, every location a query.
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = 'maskclip_rn50.py'
method = 'CLIP'
model = dict(backbone=dict(last_block='clip'))
