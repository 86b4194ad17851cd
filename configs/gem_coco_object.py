# GEM ViT-B/16 on COCO-Object with background, protocol B with SCLIP's
# settings.
#
#     python tools/test.py configs/gem_coco_object.py
_base_ = [
    '_base_/models/gem.py', '_base_/datasets/coco_object_336.py',
    '_base_/default_runtime.py'
]
model = dict(
    vocabulary='coco_object81',
    logit_scale=50,
    background_threshold=0.1)
