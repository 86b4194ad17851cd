# Unmodified CLIP, ViT-B/16, on ADE20K (150 classes).
# Protocol A (MaskCLIP): short side 512, whole image.
#
#     clipzs test clip_ade20k
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/clip.py', '_base_/datasets/ade20k.py',
    '_base_/default_runtime.py'
]
protocol = 'A (MaskCLIP)'
model = dict(vocabulary='ade20k150')
