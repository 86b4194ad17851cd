# ClearCLIP, ViT-B/16, on ADE20K (150 classes).
# Protocol B (ClearCLIP): short side 448, windows 448/224, logit scale 50.
# Published: 16.7 mIoU (tables of the SCLIP line's papers).
#
#     clipzs test clearclip_ade20k
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/clearclip.py', '_base_/datasets/ade20k_448.py',
    '_base_/default_runtime.py'
]
protocol = 'B (ClearCLIP)'
model = dict(vocabulary='ade20k150_sclip')
