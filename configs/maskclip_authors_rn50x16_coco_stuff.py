# MaskCLIP (authors' settings), RN50x16, on COCO-Stuff 164k (171 classes).
# Protocol A (MaskCLIP): short side 512, whole image.
# Published: 13.6 mIoU (arXiv 2112.01071).
#
#     clipzs test maskclip_authors_rn50x16_coco_stuff
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/maskclip_authors_rn50x16.py',
    '_base_/datasets/coco_stuff.py', '_base_/default_runtime.py'
]
protocol = 'A (MaskCLIP)'
model = dict(vocabulary='coco_stuff171')
