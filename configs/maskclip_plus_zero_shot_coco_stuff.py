# MaskCLIP+ on COCO-Stuff, zero-shot: some classes have no labels.
# DeepLabV2 student; published 54.7 unseen / 39.6 all / 45.0 harmonic.
#
#     python tools/train.py configs/maskclip_plus_zero_shot_coco_stuff.py
_base_ = [
    '_base_/models/maskclip_plus.py',
    '_base_/datasets/coco_stuff_zero_shot.py',
    '_base_/schedules/schedule_80k.py', '_base_/train_runtime.py'
]
method = 'MaskCLIP+, zero-shot'
unseen = {{_base_.unseen}}
model = dict(
    teacher=dict(vocabulary='coco_stuff171'),
    unseen=unseen)
# The teacher guides for the first tenth, then the student labels.
custom_hooks = [
    dict(type='VocabularyHook'),
    dict(type='RandomStateHook'),
    dict(type='SelfTrainingHook', begin=8000)
]
