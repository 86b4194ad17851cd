# NACLIP + PAMR, ViT-B/16, on Pascal VOC 2012 (21 classes).
# Protocol B (SCLIP line), NACLIP's settings: short side 336, whole image,
# logit scale 40, background threshold 0.1.
# Published: 64.1 mIoU (tables of the SCLIP line's papers).
#
#     clipzs test naclip_pamr_voc21
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/naclip_pamr.py', '_base_/datasets/voc21.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(
    vocabulary='voc21',
    background_threshold=0.1,
    test_cfg=dict(_delete_=True, mode='whole'))
