# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = 'maskclip_b.py'
method = 'ResCLIP (NACLIP)'
model = dict(backbone=dict(last_block=dict(_delete_=True, type='resclip')))
