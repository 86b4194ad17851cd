# ProxyCLIP, ViT-B/16, on Pascal VOC 2012 (21 classes), with DINO B/8.
# Protocol B (SCLIP line), ProxyCLIP's settings: short side 336, windows
# 336/112, logit scale 40, background threshold 0.2.
# Published: 61.3 mIoU (mc-lan/ProxyCLIP, read from a picture of a table).
#
#     clipzs test proxyclip_voc21
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/proxyclip.py', '_base_/datasets/voc21.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='voc21', background_threshold=0.2)
