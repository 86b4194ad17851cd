# GroupViT as it is trained from image-text pairs, validated with background.
_base_ = 'groupvit.py'
model = dict(
    weights=None,
    backbone=dict(drop_path_rate=0.1),
    data_preprocessor=dict(size=(224, 224)),
    vocabulary='voc20_groupvit',
    background_threshold=0.95)
