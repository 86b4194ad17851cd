# ClearCLIP ViT-B/16 on ADE20K, 150 classes, protocol B with ClearCLIP's
# settings; published 16.7 mIoU.
#
#     python tools/test.py configs/clearclip_ade20k.py
_base_ = [
    '_base_/models/clearclip.py', '_base_/datasets/ade20k_448.py',
    '_base_/default_runtime.py'
]
protocol = 'B (ClearCLIP)'
model = dict(vocabulary='ade20k150')
