# NACLIP, ViT-B/16, on Pascal Context (60 classes).
# Protocol B (SCLIP line), NACLIP's settings: short side 336, windows 224/112,
# logit scale 40, background threshold 0.1.
# Published: 32.2 mIoU (tables of the SCLIP line's papers).
#
#     clipzs test naclip_context60
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/naclip.py', '_base_/datasets/context60.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='context60', background_threshold=0.1)
