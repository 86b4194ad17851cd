# LPOSS, ViT-B/16, on Pascal VOC 2012 (21 classes), with laion2b_s34b_b88k and
# DINO B/16.
# Protocol B (SCLIP line), LPOSS's settings: short side 448, windows 224/112.
# Published: 61.1 mIoU (vladan-stojnic/LPOSS, read from a picture of a table).
#
#     clipzs test lposs_voc21
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/lposs.py', '_base_/datasets/voc21_448.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='voc21_lposs')
