# SCLIP ViT-B/16 on ADE20K, 150 classes, protocol B; published 16.5 mIoU.
#
#     python tools/test.py configs/sclip_ade20k.py
_base_ = [
    '_base_/models/sclip.py', '_base_/datasets/ade20k_336.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='ade20k150')
