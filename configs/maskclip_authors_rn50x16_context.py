# MaskCLIP (authors' settings), RN50x16, on Pascal Context (59 classes).
# Protocol A (MaskCLIP): within 520 x 520, whole image.
# Published: 20.3 mIoU (arXiv 2112.01071).
#
#     clipzs test maskclip_authors_rn50x16_context
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/maskclip_authors_rn50x16.py', '_base_/datasets/context.py',
    '_base_/default_runtime.py'
]
protocol = 'A (MaskCLIP)'
model = dict(vocabulary='context59')
