# Trident, ViT-B/16, on COCO-Stuff 164k (171 classes), with DINO B/16 and SAM
# B's encoder.
# Protocol B (SCLIP line), Trident's settings: short side 448, whole image,
# logit scale 40.
# Published: 28.3 mIoU (YuHengsss/Trident, read from a picture of a table, may
# include SAM's mask decoder, which is not here).
#
#     clipzs test trident_coco_stuff
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/trident.py', '_base_/datasets/coco_stuff_448.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='coco_stuff171_sclip')
