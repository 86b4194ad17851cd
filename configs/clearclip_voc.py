# ClearCLIP, ViT-B/16, on Pascal VOC 2012 (20 classes).
# Protocol B (ClearCLIP): short side 448, windows 448/224, logit scale 50.
# Published: 80.9 mIoU (tables of the SCLIP line's papers).
#
#     clipzs test clearclip_voc
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/clearclip.py', '_base_/datasets/voc_448.py',
    '_base_/default_runtime.py'
]
protocol = 'B (ClearCLIP)'
model = dict(vocabulary='voc20_clearclip')
