# MaskCLIP ViT-B/16 on ADE20K, 150 classes, protocol B with SCLIP's settings;
# published 11.9 mIoU.
#
#     python tools/test.py configs/maskclip_b_ade20k.py
_base_ = [
    '_base_/models/maskclip_b.py', '_base_/datasets/ade20k_336.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='ade20k150')
