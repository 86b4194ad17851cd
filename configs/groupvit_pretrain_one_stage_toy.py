# GroupViT, 1-stage, from the captions of toy scenes alone.
#
#     python tools/train.py configs/groupvit_pretrain_one_stage_toy.py
_base_ = 'groupvit_pretrain_toy.py'
model = dict(
    backbone=dict(
        depths=(3, 3), num_group_tokens=(16, 0), num_output_groups=(8, )))
