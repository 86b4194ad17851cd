# MaskCLIP, ViT-B/16, on COCO-Stuff 164k (171 classes).
# Protocol A (MaskCLIP): short side 512, whole image.
# Corrected: CLIP's mean and std, QuickGELU, LayerNorm eps 1e-5, 80 prompt
# templates.
# The authors' settings are in maskclip_authors_coco_stuff, with the published
# figure.
#
#     clipzs test maskclip_coco_stuff
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/maskclip.py', '_base_/datasets/coco_stuff.py',
    '_base_/default_runtime.py'
]
protocol = 'A (MaskCLIP)'
model = dict(vocabulary='coco_stuff171')
