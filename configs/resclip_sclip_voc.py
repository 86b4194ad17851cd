# ResCLIP (SCLIP), ViT-B/16, on Pascal VOC 2012 (20 classes).
# Protocol B (SCLIP line), ResCLIP's settings: short side 336, whole image,
# logit scale 40.
# Published: 84.6 mIoU (yvhangyang/ResCLIP, read from a picture of a table).
#
#     clipzs test resclip_sclip_voc
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/resclip_sclip.py', '_base_/datasets/voc_336.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(
    vocabulary='voc20_sclip',
    backbone=dict(
        last_block=dict(
            label_threshold=0.1, rcs_weight=0.6, sfr_weight=0.6,
            sfr_gain=2.1)),
    test_cfg=dict(_delete_=True, mode='whole'))
