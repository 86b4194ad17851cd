# ProxyCLIP, ViT-B/16, on Pascal Context (60 classes), with DINO B/8.
# Protocol B (SCLIP line), ProxyCLIP's settings: short side 336, windows
# 336/112, logit scale 40, background threshold 0.15.
# Published: 35.3 mIoU (mc-lan/ProxyCLIP, read from a picture of a table).
#
#     clipzs test proxyclip_context60
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/proxyclip.py', '_base_/datasets/context60.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='context60', background_threshold=0.15)
