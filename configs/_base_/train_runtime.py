_base_ = 'default_runtime.py'
default_hooks = dict(
    checkpoint=dict(
        type='CheckpointHook', by_epoch=False, interval=2000,
        max_keep_ckpts=2))
custom_hooks = [dict(type='VocabularyHook'), dict(type='RandomStateHook')]
model_wrapper_cfg = dict(
    _delete_=True, type='MMDistributedDataParallel', broadcast_buffers=False)
runner_type = 'GlobalBatchRunner'  # learning rate by the global batch
