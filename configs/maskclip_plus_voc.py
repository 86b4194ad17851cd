# MaskCLIP+ on Pascal VOC 2012 (20 classes), annotation-free.
# Protocol A (MaskCLIP).
#
#     python tools/train.py configs/maskclip_plus_voc.py
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/maskclip_plus.py', '_base_/datasets/voc_unlabelled.py',
    '_base_/schedules/schedule_20k.py', '_base_/train_runtime.py'
]
protocol = 'A (MaskCLIP)'
model = dict(teacher=dict(vocabulary='voc20'))
