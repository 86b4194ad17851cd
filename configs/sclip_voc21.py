# SCLIP, ViT-B/16, on Pascal VOC 2012 (21 classes).
# Protocol B (SCLIP line), SCLIP's settings: short side 336, windows 224/112,
# logit scale 65, background threshold 0.1, area threshold 0.1.
# Published: 59.6 mIoU (tables of the SCLIP line's papers).
#
#     clipzs test sclip_voc21
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/sclip.py', '_base_/datasets/voc21.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(
    vocabulary='voc21', logit_scale=65, background_threshold=0.1,
    area_threshold=0.1)
