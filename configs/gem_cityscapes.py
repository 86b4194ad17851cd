# GEM, ViT-B/16, on Cityscapes (19 classes).
# Protocol B (SCLIP line), SCLIP's settings without its area threshold: short
# side 560, windows 224/112, logit scale 40.
# Published: 30.8 mIoU (tables of the SCLIP line's papers).
#
#     clipzs test gem_cityscapes
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/gem.py', '_base_/datasets/cityscapes_560.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='cityscapes19_sclip')
