# SFP, ViT-B/16, on COCO-Object (81 classes).
# Protocol B (SCLIP line), SFP's settings: short side 336, windows 224/112,
# logit scale 55, background threshold 0.35.
# Published: 37.9 mIoU (Kimsure/SFP, read from a picture of a table).
#
#     clipzs test sfp_coco_object
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/sfp.py', '_base_/datasets/coco_object_336.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(
    vocabulary='coco_object81_sclip', logit_scale=55,
    background_threshold=0.35)
