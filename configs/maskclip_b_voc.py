# MaskCLIP, ViT-B/16, on Pascal VOC 2012 (20 classes).
# Protocol B (SCLIP line), SCLIP's settings without its area threshold: short
# side 336, windows 224/112, logit scale 40.
# Published: 74.9 mIoU (tables of the SCLIP line's papers).
#
#     clipzs test maskclip_b_voc
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/maskclip_b.py', '_base_/datasets/voc_336.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='voc20_sclip')
