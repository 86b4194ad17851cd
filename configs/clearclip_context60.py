# ClearCLIP, ViT-B/16, on Pascal Context (60 classes).
# Protocol B (ClearCLIP): short side 448, windows 448/224, logit scale 50,
# background threshold 0.15.
# Published: 32.6 mIoU (tables of the SCLIP line's papers).
#
#     clipzs test clearclip_context60
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/clearclip.py', '_base_/datasets/context60_448.py',
    '_base_/default_runtime.py'
]
protocol = 'B (ClearCLIP)'
model = dict(vocabulary='context60', background_threshold=0.15)
