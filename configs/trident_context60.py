# Trident, ViT-B/16, on Pascal Context (60 classes), with DINO B/16 and SAM B's
# encoder.
# Protocol B (SCLIP line), Trident's settings: short side 576, whole image,
# logit scale 40, background threshold 0.15.
# Published: 38.6 mIoU (YuHengsss/Trident, read from a picture of a table, may
# include SAM's mask decoder, which is not here).
#
#     clipzs test trident_context60
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/trident.py', '_base_/datasets/context60_576.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='context60', background_threshold=0.15)
