# Trident, ViT-B/16, on ADE20K (150 classes), with DINO B/16 and SAM B's
# encoder.
# Protocol B (SCLIP line), Trident's settings: short side 576, whole image,
# logit scale 40.
# Published: 21.9 mIoU (YuHengsss/Trident, read from a picture of a table, may
# include SAM's mask decoder, which is not here).
#
#     clipzs test trident_ade20k
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/trident.py', '_base_/datasets/ade20k_576.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='ade20k150_sclip', backbone=dict(keep_negative=False))
