# GroupViT, 1-stage, from the captions of toy scenes alone: minutes on two
# cores. The weights that come along were trained with it.
#
#     python tools/train.py configs/groupvit_pretrain_toy.py
_base_ = [
    '_base_/models/groupvit_toy.py', '_base_/datasets/toy_captions.py',
    '_base_/datasets/toy.py', '_base_/schedules/schedule_groupvit_toy.py',
    '_base_/image_text_runtime.py'
]
model = dict(
    weights=None, data_preprocessor=dict(size=(64, 64)), vocabulary='toy')
val_dataloader = {{_base_.test_dataloader}}
val_evaluator = {{_base_.test_evaluator}}
default_hooks = dict(checkpoint=dict(interval=200))
