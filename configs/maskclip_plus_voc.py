# MaskCLIP+ on Pascal VOC 2012, annotation-free.
# DeepLabV2 student.
#
#     python tools/train.py configs/maskclip_plus_voc.py
_base_ = [
    '_base_/models/maskclip_plus.py', '_base_/datasets/voc_unlabelled.py',
    '_base_/schedules/schedule_20k.py', '_base_/train_runtime.py'
]
model = dict(teacher=dict(vocabulary='voc20'))
