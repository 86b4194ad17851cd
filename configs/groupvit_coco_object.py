# GroupViT on COCO-Object (81 classes).
# Protocol C (GroupViT): short side 448, windows 448/224, background threshold
# 0.95.
# Published: 24.3 mIoU (the authors' README, weights of GCC + YFCC).
# Weights of CC3M, CC12M and YFCC14M.
#
#     clipzs test groupvit_coco_object
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/groupvit.py', '_base_/datasets/coco_object_448.py',
    '_base_/groupvit_runtime.py'
]
protocol = 'C (GroupViT)'
model = dict(vocabulary='coco_object80', background_threshold=0.95)
