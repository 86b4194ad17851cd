# SCLIP, ViT-B/16, on Pascal Context (59 classes).
# Protocol B (SCLIP line), SCLIP's settings: short side 336, windows 224/112,
# logit scale 40.
# Published: 34.5 mIoU (tables of the SCLIP line's papers).
#
#     clipzs test sclip_context
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/sclip.py', '_base_/datasets/context_336.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='context59_sclip')
