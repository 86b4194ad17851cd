# ResCLIP (NACLIP), ViT-B/16, on Pascal VOC 2012 (21 classes).
# Protocol B (SCLIP line), ResCLIP's settings: short side 336, whole image,
# logit scale 40, background threshold 0.1.
# Published: 61.1 mIoU (yvhangyang/ResCLIP, read from a picture of a table).
#
#     clipzs test resclip_voc21
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/resclip.py', '_base_/datasets/voc21.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(
    vocabulary='voc21',
    backbone=dict(
        last_block=dict(
            label_threshold=0.5, rcs_weight=0.3, sfr_weight=0.7,
            sfr_gain=2.2)),
    background_threshold=0.1,
    test_cfg=dict(_delete_=True, mode='whole'))
