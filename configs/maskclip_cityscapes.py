# MaskCLIP, ViT-B/16, on Cityscapes (19 classes).
# Protocol A (MaskCLIP): within 1024 x 512, whole image.
# Corrected: CLIP's mean and std, QuickGELU, LayerNorm eps 1e-5, 80 prompt
# templates.
# The authors' settings are in maskclip_authors_cityscapes.
#
#     clipzs test maskclip_cityscapes
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/maskclip.py', '_base_/datasets/cityscapes.py',
    '_base_/default_runtime.py'
]
protocol = 'A (MaskCLIP)'
model = dict(vocabulary='cityscapes19')
