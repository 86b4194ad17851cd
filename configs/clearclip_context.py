# ClearCLIP, ViT-B/16, on Pascal Context (59 classes).
# Protocol B (ClearCLIP): short side 448, windows 448/224, logit scale 50.
# Published: 35.9 mIoU (tables of the SCLIP line's papers).
#
#     clipzs test clearclip_context
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/clearclip.py', '_base_/datasets/context_448.py',
    '_base_/default_runtime.py'
]
protocol = 'B (ClearCLIP)'
model = dict(vocabulary='context59_sclip')
