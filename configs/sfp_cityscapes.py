# SFP, ViT-B/16, on Cityscapes (19 classes).
# Protocol B (SCLIP line), SFP's settings: short side 560, windows 224/112,
# logit scale 40.
# Published: 41.1 mIoU (Kimsure/SFP, read from a picture of a table).
#
#     clipzs test sfp_cityscapes
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/sfp.py', '_base_/datasets/cityscapes_560.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='cityscapes19_sclip')
