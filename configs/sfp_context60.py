# SFP, ViT-B/16, on Pascal Context (60 classes).
# Protocol B (SCLIP line), SFP's settings: short side 336, windows 224/112,
# logit scale 40, background threshold 0.15.
# Published: 37.2 mIoU (Kimsure/SFP, read from a picture of a table).
#
#     clipzs test sfp_context60
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/sfp.py', '_base_/datasets/context60.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='context60', background_threshold=0.15)
