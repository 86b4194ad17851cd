# Unmodified CLIP + spectral clustering, ViT-B/16, on Pascal VOC 2012 (21
# classes).
# Protocol C (GroupViT): short side 448, windows 448/224, background threshold
# 0.95.
# Published: 19.7 mIoU (arXiv 2202.11094, table 4).
# The paper names no background threshold for these baselines: it is
# GroupViT's. Mean and std are CLIP's.
#
#     clipzs test spectral_voc21
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/spectral_clip.py', '_base_/datasets/voc21_448.py',
    '_base_/default_runtime.py'
]
protocol = 'C (GroupViT)'
model = dict(
    vocabulary='voc20_groupvit',
    prompts='single',
    background_threshold=0.95,
    test_cfg=dict(mode='slide', crop_size=(448, 448), stride=(224, 224)))
