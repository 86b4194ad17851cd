# train_runtime.py for image-text pairs: shards go on where they stopped, and
# what is skipped is reported.
_base_ = 'train_runtime.py'
default_hooks = dict(
    visualization=dict(type='GroupVisualizationHook'))
custom_hooks = [
    dict(type='VocabularyHook'),
    dict(type='RandomStateHook'),
    dict(type='DataStateHook'),
    dict(type='CheckTextsHook')
]
sync_bn = 'torch'  # statistics of all processes
