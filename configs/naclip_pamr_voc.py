# NACLIP + PAMR, ViT-B/16, on Pascal VOC 2012 (20 classes).
# Protocol B (SCLIP line), NACLIP's settings: short side 336, whole image,
# logit scale 40.
# Published: 83.0 mIoU (tables of the SCLIP line's papers).
#
#     clipzs test naclip_pamr_voc
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/naclip_pamr.py', '_base_/datasets/voc_336.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(
    vocabulary='voc20_sclip',
    test_cfg=dict(_delete_=True, mode='whole'))
