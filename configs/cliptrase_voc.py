# CLIPtrase's attention ViT-B/16 on Pascal VOC 2012, 20 classes, protocol B
# with SCLIP's settings.
#
#     python tools/test.py configs/cliptrase_voc.py
_base_ = [
    '_base_/models/cliptrase.py', '_base_/datasets/voc_336.py',
    '_base_/default_runtime.py'
]
model = dict(vocabulary='voc20_sclip')
