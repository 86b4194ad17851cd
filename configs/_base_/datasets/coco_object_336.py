# COCO-Object val, 81 classes with background, from COCO-Stuff's annotations.
_base_ = 'coco_stuff.py'
dataset_name = 'coco_object'
protocol = 'B (SCLIP line)'
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(2048, 336), keep_ratio=True),
    # The annotation keeps its size: predictions are resized to it.
    dict(type='LoadAnnotations'),
    dict(type='CheckSample'),
    dict(type='PackSegInputs')
]
test_dataloader = dict(
    dataset=dict(type='CocoObjectDataset', pipeline=test_pipeline))
