# SAM 3 on ADE20K (150 classes).
# Protocol B (SegEarth-OV3): original size, whole image.
# Published: 37.5 mIoU (the table of SegEarth-OV3, read from a picture of a
# table).
# Gated weights: see docs/other_networks.md.
#
#     clipzs test sam3_ade20k
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/sam3.py', '_base_/datasets/ade20k_original.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SegEarth-OV3)'
model = dict(vocabulary='ade20k150')
