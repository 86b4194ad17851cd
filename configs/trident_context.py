# Trident, ViT-B/16, on Pascal Context (59 classes), with DINO B/16 and SAM B's
# encoder.
# Protocol B (SCLIP line), Trident's settings: short side 576, whole image,
# logit scale 40.
# Published: 42.2 mIoU (YuHengsss/Trident, read from a picture of a table, may
# include SAM's mask decoder, which is not here).
#
#     clipzs test trident_context
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/trident.py', '_base_/datasets/context_576.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='context59_sclip')
