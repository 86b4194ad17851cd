# MaskCLIP (authors' settings), RN50x16, on Pascal VOC 2012 (20 classes).
# Protocol A (MaskCLIP): short side 512, whole image.
# Published: 50.9 mIoU (arXiv 2112.01071).
#
#     clipzs test maskclip_authors_rn50x16_voc
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/maskclip_authors_rn50x16.py', '_base_/datasets/voc.py',
    '_base_/default_runtime.py'
]
protocol = 'A (MaskCLIP)'
model = dict(vocabulary='voc20')
