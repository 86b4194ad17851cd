# Baseline of MaskCLIP, with the settings of its authors' code.
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = 'maskclip_authors.py'
method = "CLIP (authors' settings)"
model = dict(backbone=dict(last_block='clip'))
