# ClearCLIP ViT-B/16 on COCO-Object with background, protocol B with
# ClearCLIP's settings; published 33.0 mIoU.
#
#     python tools/test.py configs/clearclip_coco_object.py
_base_ = [
    '_base_/models/clearclip.py', '_base_/datasets/coco_object_448.py',
    '_base_/default_runtime.py'
]
protocol = 'B (ClearCLIP)'
model = dict(vocabulary='coco_object81_plain', background_threshold=0.4)
