# MaskCLIP+ (authors' settings), RN50, on Pascal VOC 2012 (20 classes),
# zero-shot: some classes have no labels.
# Protocol A (MaskCLIP). Student: DeepLabV2 with ResNet-101, width 1024; 20,000
# iterations of 16 images (the authors: 4 GPUs with 4 images each). Time: not
# measured.
# Published: 88.1 mIoU, unseen 86.1, harmonic mean 87.4 (arXiv 2112.01071).
# 87.8 mIoU by the authors' repository; slightly different from the paper.
#
#     clipzs train maskclip_plus_zero_shot_authors_voc
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/maskclip_plus_authors_rn50.py',
    '_base_/datasets/voc_zero_shot.py', '_base_/schedules/schedule_20k.py',
    '_base_/self_training_runtime.py'
]
protocol = 'A (MaskCLIP)'
method = "MaskCLIP+, zero-shot (authors' settings)"
unseen = {{_base_.unseen}}
model = dict(teacher=dict(vocabulary='voc20'), unseen=unseen)
