# SFP, ViT-B/16, on ADE20K (150 classes).
# Protocol B (SCLIP line), SFP's settings: short side 384, windows 224/112,
# logit scale 40.
# Published: 20.8 mIoU (Kimsure/SFP, read from a picture of a table).
#
#     clipzs test sfp_ade20k
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/sfp.py', '_base_/datasets/ade20k_384.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='ade20k150_sclip')
