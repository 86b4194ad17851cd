# MaskCLIP+ (authors' settings), ViT-B/16, on Cityscapes (19 classes),
# annotation-free: labels are read only to ignore pixels without a class.
# Protocol A (MaskCLIP). Student: DeepLabV2 with ResNet-101, width 512; 4,000
# iterations of 16 images (the authors: 4 GPUs with 4 images each). Time: not
# measured.
# No figure is published for this setting.
#
#     clipzs train maskclip_plus_authors_cityscapes
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/maskclip_plus_authors.py',
    '_base_/datasets/cityscapes_hidden.py', '_base_/schedules/schedule_4k.py',
    '_base_/train_runtime.py'
]
protocol = 'A (MaskCLIP)'
model = dict(
    student=dict(data_preprocessor=dict(size=(512, 1024))),
    teacher=dict(vocabulary='cityscapes19'),
    unseen='all')
