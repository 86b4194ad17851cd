# MaskCLIP+ on the toy scenes, zero-shot: some classes have no labels.
# A small DeepLabV2 student, minutes on a CPU.
#
#     python tools/train.py configs/maskclip_plus_zero_shot_toy.py
_base_ = [
    '_base_/models/maskclip_plus_toy.py', '_base_/datasets/toy_zero_shot.py',
    '_base_/schedules/schedule_toy.py', '_base_/train_runtime.py'
]
method = 'MaskCLIP+, zero-shot'
unseen = {{_base_.unseen}}
model = dict(
    teacher=dict(vocabulary='toy'),
    unseen=unseen)
# The teacher guides for the first tenth, then the student labels.
custom_hooks = [
    dict(type='VocabularyHook'),
    dict(type='RandomStateHook'),
    dict(type='SelfTrainingHook', begin=120)
]
