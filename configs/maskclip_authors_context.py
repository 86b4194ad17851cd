# MaskCLIP (authors' settings), ViT-B/16, on Pascal Context (59 classes).
# Protocol A (MaskCLIP): within 520 x 520, whole image.
# Published: 21.7 mIoU (arXiv 2112.01071).
#
#     clipzs test maskclip_authors_context
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/maskclip_authors.py', '_base_/datasets/context.py',
    '_base_/default_runtime.py'
]
protocol = 'A (MaskCLIP)'
model = dict(vocabulary='context59')
