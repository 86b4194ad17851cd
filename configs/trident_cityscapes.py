# Trident, ViT-B/16, on Cityscapes (19 classes), with DINO B/16 and SAM B's
# encoder.
# Protocol B (SCLIP line), Trident's settings: short side 688, whole image,
# logit scale 40.
# Published: 42.9 mIoU (YuHengsss/Trident, read from a picture of a table, may
# include SAM's mask decoder, which is not here).
#
#     clipzs test trident_cityscapes
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/trident.py', '_base_/datasets/cityscapes_688.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(
    vocabulary='cityscapes19_sclip',
    backbone=dict(cosine_factor=3.0, keep_negative=False, halves=True))
