# MaskCLIP+ on the toy scenes (12 classes), zero-shot: some classes have no
# labels.
# Protocol toy.
#
#     clipzs train maskclip_plus_zero_shot_toy
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/maskclip_plus_toy.py', '_base_/datasets/toy_zero_shot.py',
    '_base_/schedules/schedule_toy.py', '_base_/self_training_runtime.py'
]
protocol = 'toy'
method = 'MaskCLIP+, zero-shot'
unseen = {{_base_.unseen}}
model = dict(teacher=dict(vocabulary='toy'), unseen=unseen)
