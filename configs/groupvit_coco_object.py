# GroupViT on COCO-Object, the authors' protocol A (short side 448, windows of
# 448); published 24.3 mIoU (weights of GCC and YFCC).
#
#     python tools/test.py configs/groupvit_coco_object.py
_base_ = [
    '_base_/models/groupvit.py', '_base_/datasets/coco_object_448.py',
    '_base_/groupvit_runtime.py'
]
model = dict(vocabulary='coco_object80', background_threshold=0.95)
