# LPOSS, ViT-B/16, on COCO-Object (81 classes), with laion2b_s34b_b88k and DINO
# B/16.
# Protocol B (SCLIP line), LPOSS's settings: short side 448, windows 224/112.
# Published: 33.4 mIoU (vladan-stojnic/LPOSS, read from a picture of a table).
#
#     clipzs test lposs_coco_object
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/lposs.py', '_base_/datasets/coco_object_448.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='coco_object81_lposs')
