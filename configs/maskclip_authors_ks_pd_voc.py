# MaskCLIP ViT-B/16 + KS + PD, its authors' settings,
# on Pascal VOC 2012, 20 classes.
# Protocol A.
#
#     python tools/test.py configs/maskclip_authors_ks_pd_voc.py
_base_ = [
    '_base_/models/maskclip_authors_ks_pd.py', '_base_/datasets/voc.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='voc20')
