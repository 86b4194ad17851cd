# Trident, ViT-B/16, on Pascal VOC 2012 (21 classes), with DINO B/16 and SAM
# B's encoder.
# Protocol B (SCLIP line), Trident's settings: short side 448, whole image,
# logit scale 40, background threshold 0.2.
# Published: 67.1 mIoU (YuHengsss/Trident, read from a picture of a table, may
# include SAM's mask decoder, which is not here).
#
#     clipzs test trident_voc21
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/trident.py', '_base_/datasets/voc21_448.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='voc21', background_threshold=0.2)
