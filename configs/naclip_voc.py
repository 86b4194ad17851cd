# NACLIP, ViT-B/16, on Pascal VOC 2012 (20 classes).
# Protocol B (SCLIP line), NACLIP's settings: short side 336, whole image,
# logit scale 40.
# Published: 79.7 mIoU (tables of the SCLIP line's papers).
#
#     clipzs test naclip_voc
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/naclip.py', '_base_/datasets/voc_336.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(
    vocabulary='voc20_sclip',
    test_cfg=dict(_delete_=True, mode='whole'))
