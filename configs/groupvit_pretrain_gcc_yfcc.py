# GroupViT, 2-stage, from image-text pairs: the published recipe. CC3M, CC12M
# and YFCC14M (28.7 M pairs), 224 x 224 pixels, global batch 4,096 (16
# processes x 256 pairs; the authors: 16 V100 for two days), 30 epochs of 6,997
# iterations. With another global batch the learning rate is scaled, which the
# log states. Validated on Pascal VOC 2012.
# Protocol C (GroupViT). Published: 52.3 mIoU (configs/groupvit_voc21.py).
#
#     bash tools/dist_train.sh configs/groupvit_pretrain_gcc_yfcc.py 16
_base_ = [
    '_base_/models/groupvit_pretrain.py',
    '_base_/datasets/image_text_shards.py', '_base_/datasets/voc21_448.py',
    '_base_/schedules/schedule_groupvit.py', '_base_/image_text_runtime.py'
]
protocol = 'C (GroupViT)'
model = dict(
    num_nouns={{_base_.num_nouns}},
    text_backbone=dict(context_length={{_base_.context_length}}))
val_dataloader = {{_base_.test_dataloader}}
val_evaluator = {{_base_.test_evaluator}}
default_hooks = dict(checkpoint=dict(interval=1000))
