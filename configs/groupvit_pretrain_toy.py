# GroupViT, 1-stage, trained from captions of toy scenes alone, in minutes on
# two cores. The packaged weights were trained with a former version of it
# (docs/groupvit.md).
#
#     clipzs train groupvit_pretrain_toy
_base_ = [
    '_base_/models/groupvit_toy.py', '_base_/datasets/toy_captions.py',
    '_base_/datasets/toy.py', '_base_/schedules/schedule_groupvit_toy.py',
    '_base_/image_text_runtime.py'
]
protocol = 'toy'
model = dict(
    weights=None,
    num_nouns={{_base_.num_nouns}},
    text_backbone=dict(context_length={{_base_.context_length}}),
    data_preprocessor=dict(size=(64, 64)),
    vocabulary='toy')
val_dataloader = {{_base_.test_dataloader}}
val_evaluator = {{_base_.test_evaluator}}
default_hooks = dict(checkpoint=dict(interval=200))
