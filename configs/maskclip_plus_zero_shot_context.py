# MaskCLIP+ on Pascal Context, zero-shot: some classes have no labels.
# DeepLabV2 student; published 66.7 unseen / 48.1 all / 53.3 harmonic.
#
#     python tools/train.py configs/maskclip_plus_zero_shot_context.py
_base_ = [
    '_base_/models/maskclip_plus.py', '_base_/datasets/context_zero_shot.py',
    '_base_/schedules/schedule_40k.py', '_base_/train_runtime.py'
]
method = 'MaskCLIP+, zero-shot'
unseen = {{_base_.unseen}}
model = dict(
    student=dict(data_preprocessor=dict(size=(480, 480))),
    teacher=dict(vocabulary='context59'),
    unseen=unseen)
# The teacher guides for the first tenth, then the student labels.
custom_hooks = [
    dict(type='VocabularyHook'),
    dict(type='RandomStateHook'),
    dict(type='SelfTrainingHook', begin=4000)
]
