# MaskCLIP ViT-B/16 + KS + PD, its authors' settings,
# on COCO-Stuff, 171 classes.
# Protocol A; published 14.6 mIoU.
#
#     python tools/test.py configs/maskclip_authors_ks_pd_coco_stuff.py
_base_ = [
    '_base_/models/maskclip_authors_ks_pd.py', '_base_/datasets/coco_stuff.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='coco_stuff171')
