# MaskCLIP+ on Pascal Context, annotation-free.
# DeepLabV2 student; published 31.1.
#
#     python tools/train.py configs/maskclip_plus_context.py
_base_ = [
    '_base_/models/maskclip_plus.py', '_base_/datasets/context_unlabelled.py',
    '_base_/schedules/schedule_40k.py', '_base_/train_runtime.py'
]
model = dict(
    student=dict(data_preprocessor=dict(size=(480, 480))),
    teacher=dict(vocabulary='context59'))
