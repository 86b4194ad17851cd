# SAM 3 on COCO-Stuff 164k (171 classes).
# Protocol B (SegEarth-OV3): original size, whole image.
# Published: 42.8 mIoU (the table of SegEarth-OV3, read from a picture of a
# table).
# Gated weights: see docs/other_networks.md.
#
#     clipzs test sam3_coco_stuff
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/sam3.py', '_base_/datasets/coco_stuff_original.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SegEarth-OV3)'
model = dict(vocabulary='coco_stuff171')
