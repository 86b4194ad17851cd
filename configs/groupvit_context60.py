# GroupViT on Pascal Context with background, the authors' protocol A (short
# side 448, windows of 448); published 22.4 mIoU (weights of GCC and YFCC).
#
#     python tools/test.py configs/groupvit_context60.py
_base_ = [
    '_base_/models/groupvit.py', '_base_/datasets/context60_448.py',
    '_base_/groupvit_runtime.py'
]
model = dict(vocabulary='context59', background_threshold=0.35)
