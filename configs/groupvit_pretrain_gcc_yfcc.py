# GroupViT from image-text pairs: the published recipe (2-stage, CC12M and
# YFCC14M, 16 processes x 256 pairs), validated on Pascal VOC 2012.
# Protocol C (GroupViT); published figure: configs/groupvit_voc21.py.
#
#     bash tools/dist_train.sh configs/groupvit_pretrain_gcc_yfcc.py 16 --amp
#     python tools/train.py configs/groupvit_pretrain_gcc_yfcc.py
_base_ = [
    '_base_/models/groupvit.py', '_base_/datasets/image_text_shards.py',
    '_base_/datasets/voc21_448.py', '_base_/schedules/schedule_groupvit.py',
    '_base_/image_text_runtime.py'
]
protocol = 'C (GroupViT)'
model = dict(
    weights=None,
    num_nouns={{_base_.num_nouns}},
    text_backbone=dict(context_length={{_base_.context_length}}),
    data_preprocessor=dict(size=(224, 224)),
    vocabulary='voc20',
    background_threshold=0.95)
val_dataloader = {{_base_.test_dataloader}}
val_evaluator = {{_base_.test_evaluator}}
default_hooks = dict(checkpoint=dict(interval=1000))
