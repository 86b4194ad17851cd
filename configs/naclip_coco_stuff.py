# NACLIP, ViT-B/16, on COCO-Stuff 164k (171 classes).
# Protocol B (SCLIP line), NACLIP's settings: short side 336, windows 224/112,
# logit scale 40.
# Published: 23.3 mIoU (tables of the SCLIP line's papers).
#
#     clipzs test naclip_coco_stuff
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/naclip.py', '_base_/datasets/coco_stuff_336.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='coco_stuff171_sclip')
