# MaskCLIP (authors' settings), ViT-B/16, on Cityscapes (19 classes).
# Protocol A (MaskCLIP): within 1024 x 512, whole image.
#
#     clipzs test maskclip_authors_cityscapes
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/maskclip_authors.py', '_base_/datasets/cityscapes.py',
    '_base_/default_runtime.py'
]
protocol = 'A (MaskCLIP)'
model = dict(vocabulary='cityscapes19')
