# MaskCLIP, RN50, on COCO-Stuff 164k (171 classes).
# Protocol A (MaskCLIP): short side 512, whole image.
# Corrected: CLIP's mean and std, 80 prompt templates.
# The authors' settings are in maskclip_authors_rn50_coco_stuff, with the
# published figure.
#
#     clipzs test maskclip_rn50_coco_stuff
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/maskclip_rn50.py', '_base_/datasets/coco_stuff.py',
    '_base_/default_runtime.py'
]
protocol = 'A (MaskCLIP)'
model = dict(vocabulary='coco_stuff171')
