# Unmodified CLIP, RN50, on COCO-Stuff 164k (171 classes).
# Protocol A (MaskCLIP): short side 512, whole image.
#
#     clipzs test clip_rn50_coco_stuff
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/clip_rn50.py', '_base_/datasets/coco_stuff.py',
    '_base_/default_runtime.py'
]
protocol = 'A (MaskCLIP)'
model = dict(vocabulary='coco_stuff171')
