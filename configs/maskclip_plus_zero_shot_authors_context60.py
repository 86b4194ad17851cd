# MaskCLIP+ (authors' settings), RN50, on Pascal Context (60 classes),
# zero-shot: some classes have no labels.
# Protocol A (MaskCLIP). Student: DeepLabV3+ with ResNet-101, width 1024;
# 40,000 iterations of 16 images (the authors: 4 GPUs with 4 images each).
# Time: not measured.
# Published: 48.1 mIoU, unseen 66.7, harmonic mean 53.3 (arXiv 2112.01071).
# 48.4 mIoU by the authors' repository; slightly different from the paper.
#
#     clipzs train maskclip_plus_zero_shot_authors_context60
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/maskclip_plus_authors_rn50.py',
    '_base_/datasets/context60_zero_shot.py',
    '_base_/schedules/schedule_40k.py', '_base_/self_training_runtime.py'
]
protocol = 'A (MaskCLIP)'
method = "MaskCLIP+, zero-shot (authors' settings)"
unseen = {{_base_.unseen}}
model = dict(
    student=dict(
        data_preprocessor=dict(size=(480, 480)),
        decode_head=dict(
            type='DepthwiseSeparableASPPHead', dilations=(1, 12, 24, 36),
            c1_in_channels=256, c1_channels=48)),
    teacher=dict(vocabulary='context59'),
    learn_background=True,
    unseen=unseen)
optim_wrapper = dict(optimizer=dict(lr=0.004, weight_decay=0.0001))
