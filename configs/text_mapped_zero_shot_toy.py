# CLIP fine-tuned on the toy scenes (12 classes), zero-shot: the negative
# baseline of MaskCLIP (section 3.2).
# Protocol toy.
#
#     clipzs train text_mapped_zero_shot_toy
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/text_mapped_toy.py', '_base_/datasets/toy_zero_shot.py',
    '_base_/schedules/schedule_toy.py', '_base_/train_runtime.py'
]
protocol = 'toy'
unseen = {{_base_.unseen}}
model = dict(vocabulary='toy', unseen=unseen)
