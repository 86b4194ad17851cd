# MaskCLIP ViT-B/16 + KS + PD, its authors' settings,
# on Pascal Context, 59 classes.
# Protocol A; published 25.5 mIoU.
#
#     python tools/test.py configs/maskclip_authors_ks_pd_context.py
_base_ = [
    '_base_/models/maskclip_authors_ks_pd.py', '_base_/datasets/context.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='context59')
