# Baseline: unmodified CLIP, patch tokens against text.
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = 'maskclip.py'
method = 'CLIP'
model = dict(backbone=dict(last_block='clip'))
