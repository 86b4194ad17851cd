# TIPSv2, tipsv2, on ADE20K (150 classes).
# Protocol B (TIPSv2): short side 448, windows 448/336.
# Published: 17.4 mIoU (google-deepmind/tips).
#
#     clipzs test tipsv2_ade20k
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/tipsv2.py', '_base_/datasets/ade20k_448.py',
    '_base_/default_runtime.py'
]
protocol = 'B (TIPSv2)'
model = dict(vocabulary='ade20k150')
