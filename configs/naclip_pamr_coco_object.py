# NACLIP + PAMR, ViT-B/16, on COCO-Object (81 classes).
# Protocol B (SCLIP line), NACLIP's settings: short side 336, windows 224/112,
# logit scale 40, background threshold 0.1.
# Published: 36.2 mIoU (tables of the SCLIP line's papers).
#
#     clipzs test naclip_pamr_coco_object
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/naclip_pamr.py', '_base_/datasets/coco_object_336.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='coco_object81_sclip', background_threshold=0.1)
