# MaskCLIP, RN50, on Pascal Context (59 classes).
# Protocol A (MaskCLIP): within 520 x 520, whole image.
# Corrected: CLIP's mean and std, 80 prompt templates.
# The authors' settings are in maskclip_authors_rn50_context, with the
# published figure.
#
#     clipzs test maskclip_rn50_context
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/maskclip_rn50.py', '_base_/datasets/context.py',
    '_base_/default_runtime.py'
]
protocol = 'A (MaskCLIP)'
model = dict(vocabulary='context59')
