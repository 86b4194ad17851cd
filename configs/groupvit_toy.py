# GroupViT, 1-stage, on the toy scenes (12 classes), with the packaged weights:
# runs offline, in seconds.
# Protocol "toy".
#
#     clipzs test groupvit_toy
_base_ = [
    '_base_/models/groupvit_toy.py', '_base_/datasets/toy.py',
    '_base_/groupvit_runtime.py'
]
protocol = 'toy'
model = dict(vocabulary='toy')
