# CLIPtrase (attention), ViT-B/16, on COCO-Object (81 classes).
# Protocol B (SCLIP line), SCLIP's settings without its area threshold: short
# side 336, windows 224/112, logit scale 50, background threshold 0.1.
#
#     clipzs test cliptrase_coco_object
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/cliptrase.py', '_base_/datasets/coco_object_336.py',
    '_base_/default_runtime.py'
]
protocol = 'B (SCLIP line)'
model = dict(
    vocabulary='coco_object81_sclip', logit_scale=50, background_threshold=0.1)
