# ClearCLIP, ViT-B/16, on COCO-Object (81 classes).
# Protocol B (ClearCLIP): short side 448, windows 448/224, logit scale 50,
# background threshold 0.4.
# Published: 33.0 mIoU (tables of the SCLIP line's papers).
#
#     clipzs test clearclip_coco_object
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/clearclip.py', '_base_/datasets/coco_object_448.py',
    '_base_/default_runtime.py'
]
protocol = 'B (ClearCLIP)'
model = dict(vocabulary='coco_object81_plain', background_threshold=0.4)
