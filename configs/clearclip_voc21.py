# ClearCLIP ViT-B/16 on Pascal VOC 2012 with background, protocol B with
# ClearCLIP's settings; published 51.8 mIoU.
#
#     python tools/test.py configs/clearclip_voc21.py
_base_ = [
    '_base_/models/clearclip.py', '_base_/datasets/voc21_448.py',
    '_base_/default_runtime.py'
]
protocol = 'B (ClearCLIP)'
model = dict(vocabulary='voc21_plain', background_threshold=0.5)
