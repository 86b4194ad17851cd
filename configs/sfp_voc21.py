# SFP, ViT-B/16, on Pascal VOC 2012 (21 classes).
# Protocol B (SCLIP line), SFP's settings: short side 336, windows 224/112,
# logit scale 50, background threshold 0.15, area threshold 0.1.
# Published: 63.9 mIoU (Kimsure/SFP, read from a picture of a table).
#
#     clipzs test sfp_voc21
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/sfp.py', '_base_/datasets/voc21.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(
    vocabulary='voc21', logit_scale=50, background_threshold=0.15,
    area_threshold=0.1)
