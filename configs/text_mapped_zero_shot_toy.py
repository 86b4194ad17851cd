# The negative baseline of MaskCLIP (section 3.2) on the toy scenes.
#
#     python tools/train.py configs/text_mapped_zero_shot_toy.py
_base_ = [
    '_base_/models/text_mapped_toy.py', '_base_/datasets/toy_zero_shot.py',
    '_base_/schedules/schedule_toy.py', '_base_/train_runtime.py'
]
unseen = {{_base_.unseen}}
model = dict(vocabulary='toy', unseen=unseen)
