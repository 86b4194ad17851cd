# ProxyCLIP, ViT-B/16, on COCO-Stuff 164k (171 classes), with DINO B/8.
# Protocol B (SCLIP line), ProxyCLIP's settings: short side 336, windows
# 336/112, logit scale 40.
# Published: 26.5 mIoU (mc-lan/ProxyCLIP, read from a picture of a table).
#
#     clipzs test proxyclip_coco_stuff
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/proxyclip.py', '_base_/datasets/coco_stuff_336.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='coco_stuff171_sclip')
