# ResCLIP (SCLIP), ViT-B/16, on COCO-Stuff 164k (171 classes).
# Protocol B (SCLIP line), ResCLIP's settings: short side 336, windows 224/112,
# logit scale 40.
# Published: 23.9 mIoU (yvhangyang/ResCLIP, read from a picture of a table).
#
#     clipzs test resclip_sclip_coco_stuff
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/resclip_sclip.py', '_base_/datasets/coco_stuff_336.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(
    vocabulary='coco_stuff171_sclip',
    backbone=dict(
        last_block=dict(
            label_threshold=0.11, rcs_weight=0.4, sfr_weight=0.7,
            sfr_gain=1.8)))
