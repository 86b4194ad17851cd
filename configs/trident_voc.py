# Trident, ViT-B/16, on Pascal VOC 2012 (20 classes), with DINO B/16 and SAM
# B's encoder.
# Protocol B (SCLIP line), Trident's settings: short side 336, whole image,
# logit scale 40.
# Published: 84.5 mIoU (YuHengsss/Trident, read from a picture of a table, may
# include SAM's mask decoder, which is not here).
#
#     clipzs test trident_voc
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/trident.py', '_base_/datasets/voc_336.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(
    vocabulary='voc20_sclip',
    backbone=dict(stride=112, cosine_factor=0.0))
