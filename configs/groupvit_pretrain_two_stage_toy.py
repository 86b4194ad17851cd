# GroupViT, 2-stage, trained from captions of toy scenes alone, in minutes on
# two cores.
#
#     clipzs train groupvit_pretrain_two_stage_toy
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
    backbone=dict(
        depths=(2, 0, 0), num_group_tokens=(16, 8, 0),
        num_output_groups=(16, 8), grouping_gain=1.5),
    vocabulary='toy')
train_cfg = dict(max_iters=200, val_interval=200)
val_dataloader = {{_base_.test_dataloader}}
val_evaluator = {{_base_.test_evaluator}}
default_hooks = dict(checkpoint=dict(interval=100))
