# Cityscapes (19 classes), original size.
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = 'cityscapes.py'
test_pipeline = [
    dict(type='LoadImageFromFile'),
    # The annotation keeps its size: predictions are resized to it.
    dict(type='LoadAnnotations'),
    dict(type='CheckSample'),
    dict(type='PackSegInputs')
]
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
