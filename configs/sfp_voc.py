# SFP, ViT-B/16, on Pascal VOC 2012 (20 classes).
# Protocol B (SCLIP line), SFP's settings: short side 336, windows 224/112,
# logit scale 40.
# Published: 84.5 mIoU (Kimsure/SFP, read from a picture of a table).
#
#     clipzs test sfp_voc
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/sfp.py', '_base_/datasets/voc_336.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='voc20_sclip')
