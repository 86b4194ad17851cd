# GroupViT on Pascal VOC 2012 (21 classes).
# Protocol C (GroupViT): short side 448, windows 448/224, background threshold
# 0.95.
# Published: 52.3 mIoU (the authors' README, weights of GCC + YFCC).
# Weights of CC3M, CC12M and YFCC14M.
#
#     clipzs test groupvit_voc21
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/groupvit.py', '_base_/datasets/voc21_448.py',
    '_base_/groupvit_runtime.py'
]
protocol = 'C (GroupViT)'
model = dict(vocabulary='voc20_groupvit', background_threshold=0.95)
