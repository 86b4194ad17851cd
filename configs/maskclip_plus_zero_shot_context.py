# MaskCLIP+ on Pascal Context (59 classes), zero-shot: some classes have no
# labels.
# Protocol A (MaskCLIP).
# Published: 66.7 unseen / 48.1 all / 53.3 harmonic mean mIoU (arXiv
# 2112.01071).
#
#     python tools/train.py configs/maskclip_plus_zero_shot_context.py
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/maskclip_plus.py', '_base_/datasets/context_zero_shot.py',
    '_base_/schedules/schedule_40k.py', '_base_/self_training_runtime.py'
]
protocol = 'A (MaskCLIP)'
method = 'MaskCLIP+, zero-shot'
unseen = {{_base_.unseen}}
model = dict(
    student=dict(data_preprocessor=dict(size=(480, 480))),
    teacher=dict(vocabulary='context59'),
    unseen=unseen)
