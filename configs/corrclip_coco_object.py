# CorrCLIP, ViT-B/16-quickgelu, on COCO-Object (81 classes), with
# metaclip_fullcc, DINO B/8 and SAM 2 L.
# Protocol B (SCLIP line), CorrCLIP's settings: short side 336, windows
# 336/112, logit scale 40, background threshold 0.25.
# Published: 43.7 mIoU (zdk258/CorrCLIP).
#
#     clipzs test corrclip_coco_object
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/corrclip.py', '_base_/datasets/coco_object_336.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='coco_object81_corrclip', background_threshold=0.25)
