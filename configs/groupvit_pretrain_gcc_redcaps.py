# GroupViT, 2-stage, from image-text pairs: the published recipe with
# RedCaps12M (11.87 M pairs) in place of YFCC14M. CC3M, CC12M and RedCaps12M
# (25.9 M pairs), 224 x 224 pixels, global batch 4,096 (16 processes x 256
# pairs), 30 epochs of 6,326 iterations. With another global batch the learning
# rate is scaled, which the log states. Validated on Pascal VOC 2012.
# Protocol C (GroupViT). Published: 50.8 mIoU (the authors' repository).
#
#     bash tools/dist_train.sh configs/groupvit_pretrain_gcc_redcaps.py 16
_base_ = [
    '_base_/models/groupvit_pretrain.py',
    '_base_/datasets/image_text_shards.py', '_base_/datasets/voc21_448.py',
    '_base_/schedules/schedule_groupvit.py', '_base_/image_text_runtime.py'
]
protocol = 'C (GroupViT)'
model = dict(
    num_nouns={{_base_.num_nouns}},
    text_backbone=dict(context_length={{_base_.context_length}}))
train_dataloader = dict(dataset=dict(urls=[
    'cc3m/{000000..000289}.tar', 'cc12m/{000000..001115}.tar',
    'redcaps12m/{000000..001186}.tar'
]))
train_cfg = dict(max_iters=189780, val_interval=6326)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.0025, begin=0, end=12652,
         by_epoch=False),
    dict(type='CosineAnnealingLR', eta_min_ratio=0.025, begin=0,
         by_epoch=False)
]
val_dataloader = {{_base_.test_dataloader}}
val_evaluator = {{_base_.test_evaluator}}
default_hooks = dict(checkpoint=dict(interval=1000))
