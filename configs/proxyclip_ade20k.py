# ProxyCLIP, ViT-B/16, on ADE20K (150 classes), with DINO B/8.
# Protocol B (SCLIP line), ProxyCLIP's settings: short side 448, windows
# 336/112, logit scale 40.
# Published: 20.2 mIoU (mc-lan/ProxyCLIP, read from a picture of a table).
#
#     clipzs test proxyclip_ade20k
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/proxyclip.py', '_base_/datasets/ade20k_448.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='ade20k150_sclip')
