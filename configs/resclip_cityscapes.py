# ResCLIP (NACLIP), ViT-B/16, on Cityscapes (19 classes).
# Protocol B (SCLIP line), ResCLIP's settings: short side 560, windows 224/112,
# logit scale 40.
# Published: 35.9 mIoU (yvhangyang/ResCLIP, read from a picture of a table).
#
#     clipzs test resclip_cityscapes
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/resclip.py', '_base_/datasets/cityscapes_560.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(
    vocabulary='cityscapes19_sclip',
    backbone=dict(
        last_block=dict(
            label_threshold=0.1, rcs_weight=0.2, sfr_weight=0.6,
            sfr_gain=2.1)))
