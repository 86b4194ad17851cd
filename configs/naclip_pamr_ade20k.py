# NACLIP + PAMR ViT-B/16 on ADE20K, 150 classes, protocol B; published 19.1
# mIoU.
#
#     python tools/test.py configs/naclip_pamr_ade20k.py
_base_ = [
    '_base_/models/naclip_pamr.py', '_base_/datasets/ade20k_336.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='ade20k150')
