# GroupViT on Pascal Context (60 classes).
# Protocol C (GroupViT): short side 448, windows 448/224, background threshold
# 0.35.
# Published: 22.4 mIoU (the authors' README, weights of GCC + YFCC).
# Weights of CC3M, CC12M and YFCC14M.
#
#     clipzs test groupvit_context60
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/groupvit.py', '_base_/datasets/context60_448.py',
    '_base_/groupvit_runtime.py'
]
protocol = 'C (GroupViT)'
model = dict(vocabulary='context59_groupvit', background_threshold=0.35)
