# CLIPtrase's attention ViT-B/16 on COCO-Stuff, 171 classes, protocol B with
# SCLIP's settings.
#
#     python tools/test.py configs/cliptrase_coco_stuff.py
_base_ = [
    '_base_/models/cliptrase.py', '_base_/datasets/coco_stuff_448.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='coco_stuff171')
