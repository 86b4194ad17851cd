# train_runtime.py for image-text pairs: shards resume where they stopped, and
# skipped pairs are reported.
_base_ = 'train_runtime.py'
default_hooks = dict(
    visualization=dict(type='GroupVisualizationHook'))
custom_hooks = [
    dict(type='VocabularyHook'),
    dict(type='RandomStateHook'),
    dict(type='DataStateHook'),
    dict(type='CheckTextsHook')
]
sync_bn = 'torch'  # statistics over all processes
