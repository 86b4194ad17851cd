# MaskCLIP+ (authors' settings), RN50, on COCO-Stuff 164k (171 classes),
# zero-shot: some classes have no labels.
# Protocol A (MaskCLIP). Student: DeepLabV2 with ResNet-101, width 1024; 80,000
# iterations of 16 images (the authors: 4 GPUs with 4 images each). Time: not
# measured.
# Published: 39.6 mIoU, unseen 54.7, harmonic mean 45.0 (arXiv 2112.01071).
# 39.7 mIoU by the authors' repository; slightly different from the paper.
#
#     clipzs train maskclip_plus_zero_shot_authors_coco_stuff
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/maskclip_plus_authors_rn50.py',
    '_base_/datasets/coco_stuff_zero_shot.py',
    '_base_/schedules/schedule_80k.py', '_base_/self_training_runtime.py'
]
protocol = 'A (MaskCLIP)'
method = "MaskCLIP+, zero-shot (authors' settings)"
unseen = {{_base_.unseen}}
model = dict(teacher=dict(vocabulary='coco_stuff171'), unseen=unseen)
