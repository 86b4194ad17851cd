# SAM 3 on Pascal VOC 2012 (21 classes).
# Protocol B (SegEarth-OV3): original size, whole image, background threshold
# 0.4.
# Published: 79.8 mIoU (the table of SegEarth-OV3, read from a picture of a
# table).
# Gated weights: see docs/other_networks.md.
#
#     clipzs test sam3_voc21
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/sam3.py', '_base_/datasets/voc21_original.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SegEarth-OV3)'
model = dict(vocabulary='voc20_plain', background_threshold=0.4)
