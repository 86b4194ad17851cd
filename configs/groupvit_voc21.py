# GroupViT on Pascal VOC 2012 with background, the authors' protocol A (short
# side 448, windows of 448); published 52.3 mIoU (weights of GCC and YFCC).
#
#     python tools/test.py configs/groupvit_voc21.py
_base_ = [
    '_base_/models/groupvit.py', '_base_/datasets/voc21_448.py',
    '_base_/groupvit_runtime.py'
]
model = dict(vocabulary='voc20', background_threshold=0.95)
