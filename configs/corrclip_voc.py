# CorrCLIP, ViT-B/16-quickgelu, on Pascal VOC 2012 (20 classes), with
# metaclip_fullcc, DINO B/8 and SAM 2 L.
# Protocol B (SCLIP line), CorrCLIP's settings: short side 336, windows
# 336/112, logit scale 40.
# Published: 88.8 mIoU (zdk258/CorrCLIP).
#
#     clipzs test corrclip_voc
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/corrclip.py', '_base_/datasets/voc_336.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='voc20_corrclip')
