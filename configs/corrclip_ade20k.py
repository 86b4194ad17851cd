# CorrCLIP, ViT-B/16-quickgelu, on ADE20K (150 classes), with metaclip_fullcc,
# DINO B/8 and SAM 2 L.
# Protocol B (SCLIP line), CorrCLIP's settings: short side 448, windows
# 336/112, logit scale 40.
# Published: 26.9 mIoU (zdk258/CorrCLIP).
#
#     clipzs test corrclip_ade20k
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/corrclip.py', '_base_/datasets/ade20k_448.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='ade20k150_corrclip')
