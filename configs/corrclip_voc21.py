# CorrCLIP, ViT-B/16-quickgelu, on Pascal VOC 2012 (21 classes), with
# metaclip_fullcc, DINO B/8 and SAM 2 L.
# Protocol B (SCLIP line), CorrCLIP's settings: short side 336, windows
# 336/112, logit scale 40, background threshold 0.2.
# Published: 74.8 mIoU (zdk258/CorrCLIP).
#
#     clipzs test corrclip_voc21
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/corrclip.py', '_base_/datasets/voc21.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='voc21_corrclip', background_threshold=0.2)
