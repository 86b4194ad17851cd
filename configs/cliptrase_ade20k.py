# CLIPtrase (attention), ViT-B/16, on ADE20K (150 classes).
# Protocol B (SCLIP line), SCLIP's settings without its area threshold: short
# side 336, windows 224/112, logit scale 40.
#
#     clipzs test cliptrase_ade20k
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/cliptrase.py', '_base_/datasets/ade20k_336.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='ade20k150_sclip')
