# SC-CLIP, ViT-B/16, on Cityscapes (19 classes).
# Protocol B (SCLIP line), SC-CLIP's settings: short side 560, windows 224/112,
# logit scale 40.
# Published: 41.0 mIoU (tables of the SCLIP line's papers).
#
#     clipzs test scclip_cityscapes
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/scclip.py', '_base_/datasets/cityscapes_560.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='cityscapes19_sclip')
