# MaskCLIP+, ViT-B/16, on Cityscapes (19 classes), annotation-free: no labels
# are read.
# Protocol A (MaskCLIP). Student: DeepLabV2 with ResNet-101, width 512; 4,000
# iterations of 16 images (the authors: 4 GPUs with 4 images each). Time: not
# measured.
# Differs from the authors' recipe: CLIP's mean and std, QuickGELU, LayerNorm
# eps 1e-5, 80 prompt templates, no labels are read.
# The authors' settings are in maskclip_plus_authors_cityscapes.
#
#     clipzs train maskclip_plus_cityscapes
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/maskclip_plus.py',
    '_base_/datasets/cityscapes_unlabelled.py',
    '_base_/schedules/schedule_4k.py', '_base_/train_runtime.py'
]
protocol = 'A (MaskCLIP)'
model = dict(
    student=dict(data_preprocessor=dict(size=(512, 1024))),
    teacher=dict(vocabulary='cityscapes19'))
