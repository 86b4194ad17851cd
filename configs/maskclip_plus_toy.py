# MaskCLIP+ on the toy scenes, annotation-free.
# A small DeepLabV2 student, minutes on a CPU.
#
#     python tools/train.py configs/maskclip_plus_toy.py
_base_ = [
    '_base_/models/maskclip_plus_toy.py', '_base_/datasets/toy_unlabelled.py',
    '_base_/schedules/schedule_toy.py', '_base_/train_runtime.py'
]
model = dict(teacher=dict(vocabulary='toy'))
