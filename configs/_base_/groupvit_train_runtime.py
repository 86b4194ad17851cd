# Image-text training: shards are resumed, skipped samples reported.
_base_ = 'train_runtime.py'
default_hooks = dict(
    checkpoint=dict(interval=1000),
    visualization=dict(type='GroupVisualizationHook'))
custom_hooks = [
    dict(type='VocabularyHook'),
    dict(type='RandomStateHook'),
    dict(type='DataStateHook')
]
sync_bn = 'torch'  # the projectors' statistics are those of all processes
