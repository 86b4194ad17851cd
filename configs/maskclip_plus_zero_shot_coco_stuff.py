# MaskCLIP+ on COCO-Stuff 164k (171 classes), zero-shot: some classes have no
# labels.
# Protocol A (MaskCLIP).
# Published: 54.7 unseen / 39.6 all / 45.0 harmonic mean mIoU (arXiv
# 2112.01071).
#
#     python tools/train.py configs/maskclip_plus_zero_shot_coco_stuff.py
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/maskclip_plus.py',
    '_base_/datasets/coco_stuff_zero_shot.py',
    '_base_/schedules/schedule_80k.py', '_base_/self_training_runtime.py'
]
protocol = 'A (MaskCLIP)'
method = 'MaskCLIP+, zero-shot'
unseen = {{_base_.unseen}}
model = dict(teacher=dict(vocabulary='coco_stuff171'), unseen=unseen)
