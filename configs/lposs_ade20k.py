# LPOSS, ViT-B/16, on ADE20K (150 classes), with laion2b_s34b_b88k and DINO
# B/16.
# Protocol B (SCLIP line), LPOSS's settings: short side 448, windows 224/112.
# Published: 21.8 mIoU (vladan-stojnic/LPOSS, read from a picture of a table).
#
#     clipzs test lposs_ade20k
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/lposs.py', '_base_/datasets/ade20k_448.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='ade20k150')
