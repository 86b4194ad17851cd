# MaskCLIP+ on Pascal VOC 2012, zero-shot: some classes have no labels.
# DeepLabV2 student; published 86.1 unseen / 88.1 all / 87.4 harmonic.
#
#     python tools/train.py configs/maskclip_plus_zero_shot_voc.py
_base_ = [
    '_base_/models/maskclip_plus.py', '_base_/datasets/voc_zero_shot.py',
    '_base_/schedules/schedule_20k.py', '_base_/train_runtime.py'
]
method = 'MaskCLIP+, zero-shot'
unseen = {{_base_.unseen}}
model = dict(
    teacher=dict(vocabulary='voc20'),
    unseen=unseen)
# The teacher guides for the first tenth, then the student labels.
custom_hooks = [
    dict(type='VocabularyHook'),
    dict(type='RandomStateHook'),
    dict(type='SelfTrainingHook', begin=2000)
]
