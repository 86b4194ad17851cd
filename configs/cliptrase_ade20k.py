# CLIPtrase's attention ViT-B/16 on ADE20K, 150 classes, protocol B with
# SCLIP's settings.
#
#     python tools/test.py configs/cliptrase_ade20k.py
_base_ = [
    '_base_/models/cliptrase.py', '_base_/datasets/ade20k_336.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='ade20k150')
