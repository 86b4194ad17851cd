# MaskCLIP ViT-B/16, its authors' settings, on Pascal Context, 59 classes.
# Protocol A; published 21.7 mIoU.
#
#     python tools/test.py configs/maskclip_authors_context.py
_base_ = [
    '_base_/models/maskclip_authors.py', '_base_/datasets/context.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='context59')
