# MaskCLIP+, ViT-B/16, on Pascal Context (59 classes), zero-shot: some classes
# have no labels.
# Protocol A (MaskCLIP). Student: DeepLabV3+ with ResNet-101, width 512; 40,000
# iterations of 16 images (the authors: 4 GPUs with 4 images each). Time: not
# measured.
# Differs from the authors' recipe: CLIP's mean and std, QuickGELU, LayerNorm
# eps 1e-5, 80 prompt templates, teacher ViT-B/16 instead of RN50, 59 classes,
# none of them background.
# The authors' settings are in maskclip_plus_zero_shot_authors_context60, with
# the published figure.
#
#     clipzs train maskclip_plus_zero_shot_context
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/maskclip_plus.py', '_base_/datasets/context_zero_shot.py',
    '_base_/schedules/schedule_40k.py', '_base_/self_training_runtime.py'
]
protocol = 'A (MaskCLIP)'
method = 'MaskCLIP+, zero-shot'
unseen = {{_base_.unseen}}
model = dict(
    student=dict(
        data_preprocessor=dict(size=(480, 480)),
        decode_head=dict(
            type='DepthwiseSeparableASPPHead', dilations=(1, 12, 24, 36),
            c1_in_channels=256, c1_channels=48)),
    teacher=dict(vocabulary='context59'),
    unseen=unseen)
optim_wrapper = dict(optimizer=dict(lr=0.004, weight_decay=0.0001))
