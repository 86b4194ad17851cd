# SC-CLIP, ViT-B/16, on Pascal VOC 2012 (20 classes).
# Protocol B (SCLIP line), SC-CLIP's settings: short side 336, windows 224/112,
# logit scale 40.
# Published: 84.3 mIoU (tables of the SCLIP line's papers).
#
#     clipzs test scclip_voc
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/scclip.py', '_base_/datasets/voc_336.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='voc20_sclip')
