# ResCLIP (NACLIP), ViT-B/16, on ADE20K (150 classes).
# Protocol B (SCLIP line), ResCLIP's settings: short side 336, windows 224/112,
# logit scale 40.
# Published: 18.0 mIoU (yvhangyang/ResCLIP, read from a picture of a table).
#
#     clipzs test resclip_ade20k
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/resclip.py', '_base_/datasets/ade20k_336.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(
    vocabulary='ade20k150_sclip',
    backbone=dict(
        last_block=dict(
            label_threshold=0.25, rcs_weight=0.3, sfr_weight=0.7,
            sfr_gain=2.1)))
