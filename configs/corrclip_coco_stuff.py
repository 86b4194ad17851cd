# CorrCLIP, ViT-B/16-quickgelu, on COCO-Stuff 164k (171 classes), with
# metaclip_fullcc, DINO B/8 and SAM 2 L.
# Protocol B (SCLIP line), CorrCLIP's settings: short side 336, windows
# 336/112, logit scale 40.
# Published: 31.6 mIoU (zdk258/CorrCLIP).
#
#     clipzs test corrclip_coco_stuff
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/corrclip.py', '_base_/datasets/coco_stuff_336.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='coco_stuff171_corrclip')
