# ClearCLIP ViT-B/16 on Pascal Context with background, protocol B with
# ClearCLIP's settings; published 32.6 mIoU.
#
#     python tools/test.py configs/clearclip_context60.py
_base_ = [
    '_base_/models/clearclip.py', '_base_/datasets/context60_448.py',
    '_base_/default_runtime.py'
]
protocol = 'B (ClearCLIP)'
model = dict(vocabulary='context60', background_threshold=0.15)
