# MaskCLIP+ on Pascal Context (59 classes), annotation-free.
# Protocol A (MaskCLIP).
# Published: 31.1 mIoU, teacher ViT-B/16 (arXiv 2112.01071).
#
#     python tools/train.py configs/maskclip_plus_context.py
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/maskclip_plus.py', '_base_/datasets/context_unlabelled.py',
    '_base_/schedules/schedule_40k.py', '_base_/train_runtime.py'
]
protocol = 'A (MaskCLIP)'
model = dict(
    student=dict(data_preprocessor=dict(size=(480, 480))),
    teacher=dict(vocabulary='context59'))
