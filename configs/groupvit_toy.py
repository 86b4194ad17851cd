# GroupViT on the toy scenes, with weights trained from toy captions: seconds,
# offline.
#
#     python tools/test.py configs/groupvit_toy.py
_base_ = [
    '_base_/models/groupvit_toy.py', '_base_/datasets/toy.py',
    '_base_/groupvit_runtime.py'
]
model = dict(vocabulary='toy')
