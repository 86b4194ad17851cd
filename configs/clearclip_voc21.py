# ClearCLIP, ViT-B/16, on Pascal VOC 2012 (21 classes).
# Protocol B (ClearCLIP): short side 448, windows 448/224, logit scale 50,
# background threshold 0.5.
# Published: 51.8 mIoU (tables of the SCLIP line's papers).
#
#     clipzs test clearclip_voc21
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/clearclip.py', '_base_/datasets/voc21_448.py',
    '_base_/default_runtime.py'
]
protocol = 'B (ClearCLIP)'
model = dict(vocabulary='voc21_clearclip', background_threshold=0.5)
