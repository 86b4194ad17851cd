# Unmodified CLIP, RN50, on Pascal VOC 2012 (20 classes).
# Protocol A (MaskCLIP): short side 512, whole image.
#
#     clipzs test clip_rn50_voc
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/clip_rn50.py', '_base_/datasets/voc.py',
    '_base_/default_runtime.py'
]
protocol = 'A (MaskCLIP)'
model = dict(vocabulary='voc20')
