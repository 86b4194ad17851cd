# MaskCLIP+ on Pascal VOC 2012 (20 classes), zero-shot: some classes have no
# labels.
# Protocol A (MaskCLIP).
# Published: 86.1 unseen / 88.1 all / 87.4 harmonic mean mIoU (arXiv
# 2112.01071).
#
#     python tools/train.py configs/maskclip_plus_zero_shot_voc.py
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/maskclip_plus.py', '_base_/datasets/voc_zero_shot.py',
    '_base_/schedules/schedule_20k.py', '_base_/self_training_runtime.py'
]
protocol = 'A (MaskCLIP)'
method = 'MaskCLIP+, zero-shot'
unseen = {{_base_.unseen}}
model = dict(teacher=dict(vocabulary='voc20'), unseen=unseen)
