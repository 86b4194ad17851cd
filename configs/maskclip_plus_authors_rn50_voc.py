# MaskCLIP+ (authors' settings), RN50, on Pascal VOC 2012 (20 classes),
# annotation-free: labels are read only to ignore pixels without a class.
# Protocol A (MaskCLIP). Student: DeepLabV2 with ResNet-101, width 1024; 2,000
# iterations of 16 images (the authors: 4 GPUs with 4 images each). Time: not
# measured.
# Published: 58.0 mIoU (arXiv 2112.01071).
#
#     clipzs train maskclip_plus_authors_rn50_voc
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/maskclip_plus_authors_rn50.py',
    '_base_/datasets/voc_hidden.py', '_base_/schedules/schedule_2k.py',
    '_base_/train_runtime.py'
]
protocol = 'A (MaskCLIP)'
model = dict(teacher=dict(vocabulary='voc20'), unseen='all')
