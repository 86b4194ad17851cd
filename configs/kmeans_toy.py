# Unmodified CLIP, its patch tokens grouped by K-means, on the toy scenes.
#
#     python tools/test.py configs/kmeans_toy.py
_base_ = [
    '_base_/models/kmeans_clip.py', '_base_/datasets/toy.py',
    '_base_/default_runtime.py'
]
model = dict(
    clip=dict(model='toy-vit-p8', pretrained='toy'), vocabulary='toy')
