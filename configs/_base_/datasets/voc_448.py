# The SCLIP line's resize and protocol for voc.
_base_ = 'voc.py'
protocol = 'B (SCLIP line)'
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(2048, 448), keep_ratio=True),
    # The annotation keeps its size: predictions are resized to it.
    dict(type='LoadAnnotations'),
    dict(type='CheckSample'),
    dict(type='PackSegInputs')
]
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
