# MaskCLIP+, ViT-B/16, on Pascal VOC 2012 (20 classes), zero-shot: some classes
# have no labels.
# Protocol A (MaskCLIP). Student: DeepLabV2 with ResNet-101, width 512; 20,000
# iterations of 16 images (the authors: 4 GPUs with 4 images each). Time: not
# measured.
# Differs from the authors' recipe: CLIP's mean and std, QuickGELU, LayerNorm
# eps 1e-5, 80 prompt templates, teacher ViT-B/16 instead of RN50.
# The authors' settings are in maskclip_plus_zero_shot_authors_voc, with the
# published figure.
#
#     clipzs train maskclip_plus_zero_shot_voc
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/maskclip_plus.py', '_base_/datasets/voc_zero_shot.py',
    '_base_/schedules/schedule_20k.py', '_base_/self_training_runtime.py'
]
protocol = 'A (MaskCLIP)'
method = 'MaskCLIP+, zero-shot'
unseen = {{_base_.unseen}}
model = dict(teacher=dict(vocabulary='voc20'), unseen=unseen)
