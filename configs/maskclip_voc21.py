# MaskCLIP, ViT-B/16, on Pascal VOC 2012 (21 classes).
# Protocol B (SCLIP line), SCLIP's settings without its area threshold: short
# side 336, windows 224/112, logit scale 65, background threshold 0.1.
# Published: 43.4 mIoU (tables of the SCLIP line's papers).
#
#     clipzs test maskclip_voc21
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/maskclip_b.py', '_base_/datasets/voc21.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(vocabulary='voc21', logit_scale=65, background_threshold=0.1)
