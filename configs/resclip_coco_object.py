# ResCLIP (NACLIP), ViT-B/16, on COCO-Object (81 classes).
# Protocol B (SCLIP line), ResCLIP's settings: short side 336, windows 224/112,
# logit scale 40, background threshold 0.1.
# Published: 35.0 mIoU (yvhangyang/ResCLIP, read from a picture of a table).
#
#     clipzs test resclip_coco_object
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/resclip.py', '_base_/datasets/coco_object_336.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(
    vocabulary='coco_object81_sclip',
    backbone=dict(
        last_block=dict(
            label_threshold=0.11, rcs_weight=0.4, sfr_weight=0.7,
            sfr_gain=1.8)),
    background_threshold=0.1)
