# MaskCLIP+ on the toy scenes (12 classes), annotation-free: no labels are
# read.
# Protocol toy.
#
#     clipzs train maskclip_plus_toy
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/maskclip_plus_toy.py', '_base_/datasets/toy_unlabelled.py',
    '_base_/schedules/schedule_toy.py', '_base_/train_runtime.py'
]
protocol = 'toy'
model = dict(teacher=dict(vocabulary='toy'))
