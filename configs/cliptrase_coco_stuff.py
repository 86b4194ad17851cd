# CLIPtrase (attention), ViT-B/16, on COCO-Stuff 164k (171 classes).
# Protocol B (SCLIP line), SCLIP's settings without its area threshold: short
# side 448, windows 224/112, logit scale 40.
#
#     clipzs test cliptrase_coco_stuff
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/cliptrase.py', '_base_/datasets/coco_stuff_448.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='coco_stuff171_sclip')
