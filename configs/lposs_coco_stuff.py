# LPOSS, ViT-B/16, on COCO-Stuff 164k (171 classes), with laion2b_s34b_b88k and
# DINO B/16.
# Protocol B (SCLIP line), LPOSS's settings: short side 448, windows 224/112.
# Published: 25.9 mIoU (vladan-stojnic/LPOSS, read from a picture of a table).
#
#     clipzs test lposs_coco_stuff
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/lposs.py', '_base_/datasets/coco_stuff_448.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='coco_stuff171_lposs')
