# ClearCLIP, ViT-B/16, on Cityscapes (19 classes).
# Protocol B (ClearCLIP): short side 448, windows 224/224, logit scale 50.
# Published: 30.0 mIoU (tables of the SCLIP line's papers).
#
#     clipzs test clearclip_cityscapes
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/clearclip.py', '_base_/datasets/cityscapes_448.py',
    '_base_/default_runtime.py'
]
protocol = 'B (ClearCLIP)'
model = dict(
    vocabulary='cityscapes19_sclip',
    test_cfg=dict(crop_size=(224, 224)))
