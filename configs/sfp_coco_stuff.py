# SFP, ViT-B/16, on COCO-Stuff 164k (171 classes).
# Protocol B (SCLIP line), SFP's settings: short side 336, windows 224/112,
# logit scale 40.
# Published: 26.4 mIoU (Kimsure/SFP, read from a picture of a table).
#
#     clipzs test sfp_coco_stuff
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/sfp.py', '_base_/datasets/coco_stuff_336.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='coco_stuff171_sclip')
