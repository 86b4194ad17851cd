# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = 'maskclip.py'
model = dict(clip=dict(model='RN50'), backbone=dict(type='ClipResNet'))
