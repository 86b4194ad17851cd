# CorrCLIP, ViT-B/16-quickgelu, on Cityscapes (19 classes), with
# metaclip_fullcc, DINO B/8 and SAM 2 L.
# Protocol B (SCLIP line), CorrCLIP's settings: short side 448, windows
# 224/112, logit scale 40.
# Published: 49.4 mIoU (zdk258/CorrCLIP).
#
#     clipzs test corrclip_cityscapes
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/corrclip.py', '_base_/datasets/cityscapes_448.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(
    vocabulary='cityscapes19_corrclip',
    test_cfg=dict(crop_size=(224, 224)))
