# ProxyCLIP, ViT-B/16, on Cityscapes (19 classes), with DINO B/8.
# Protocol B (SCLIP line), ProxyCLIP's settings: short side 448, windows
# 224/112, logit scale 40.
# Published: 38.1 mIoU (mc-lan/ProxyCLIP, read from a picture of a table).
#
#     clipzs test proxyclip_cityscapes
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/proxyclip.py', '_base_/datasets/cityscapes_448.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(
    vocabulary='cityscapes19_sclip',
    test_cfg=dict(crop_size=(224, 224)))
