# SCLIP, ViT-B/16, on Pascal VOC 2012 (20 classes).
# Protocol B (SCLIP line), SCLIP's settings: short side 336, windows 224/112,
# logit scale 40.
# Published: 81.5 mIoU (tables of the SCLIP line's papers).
#
#     clipzs test sclip_voc
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/sclip.py', '_base_/datasets/voc_336.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='voc20_sclip')
