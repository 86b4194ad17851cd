# MaskCLIP+ (authors' settings), RN50x16, on Pascal Context (59 classes),
# annotation-free: labels are read only to ignore pixels without a class.
# Protocol A (MaskCLIP). Student: DeepLabV2 with ResNet-101, width 768; 4,000
# iterations of 16 images (the authors: 4 GPUs with 4 images each). Time: not
# measured.
# Published: 25.2 mIoU (arXiv 2112.01071).
#
#     clipzs train maskclip_plus_authors_rn50x16_context
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/maskclip_plus_authors_rn50x16.py',
    '_base_/datasets/context_hidden.py', '_base_/schedules/schedule_4k.py',
    '_base_/train_runtime.py'
]
protocol = 'A (MaskCLIP)'
model = dict(
    student=dict(data_preprocessor=dict(size=(480, 480))),
    teacher=dict(vocabulary='context59'),
    unseen='all')
