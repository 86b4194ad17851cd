# ProxyCLIP, ViT-B/16, on Pascal VOC 2012 (20 classes), with DINO B/8.
# Protocol B (SCLIP line), ProxyCLIP's settings: short side 336, windows
# 336/112, logit scale 40.
# Published: 80.3 mIoU (mc-lan/ProxyCLIP, read from a picture of a table).
#
#     clipzs test proxyclip_voc
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/proxyclip.py', '_base_/datasets/voc_336.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='voc20_sclip')
