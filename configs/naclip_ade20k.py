# NACLIP ViT-B/16 on ADE20K, 150 classes, protocol B; published 17.4 mIoU.
#
#     python tools/test.py configs/naclip_ade20k.py
_base_ = [
    '_base_/models/naclip.py', '_base_/datasets/ade20k_336.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='ade20k150')
