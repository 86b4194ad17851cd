# MaskCLIP+ on COCO-Stuff, annotation-free.
# DeepLabV2 student; published 18.0.
#
#     python tools/train.py configs/maskclip_plus_coco_stuff.py
_base_ = [
    '_base_/models/maskclip_plus.py',
    '_base_/datasets/coco_stuff_unlabelled.py',
    '_base_/schedules/schedule_80k.py', '_base_/train_runtime.py'
]
model = dict(teacher=dict(vocabulary='coco_stuff171'))
