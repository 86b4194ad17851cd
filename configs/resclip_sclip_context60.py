# ResCLIP (SCLIP), ViT-B/16, on Pascal Context (60 classes).
# Protocol B (SCLIP line), ResCLIP's settings: short side 336, windows 224/112,
# logit scale 40, background threshold 0.1.
# Published: 32.9 mIoU (yvhangyang/ResCLIP, read from a picture of a table).
#
#     clipzs test resclip_sclip_context60
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/resclip_sclip.py', '_base_/datasets/context60.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(
    vocabulary='context60',
    backbone=dict(
        last_block=dict(
            label_threshold=0.3, rcs_weight=0.3, sfr_weight=0.7,
            sfr_gain=1.8)),
    background_threshold=0.1)
