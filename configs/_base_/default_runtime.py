custom_imports = dict(imports=['mmseg_clipzs'], allow_failed_imports=False)
default_scope = 'mmseg'
env_cfg = dict(
    cudnn_benchmark=False,  # image sizes vary
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'))  # the tools use gloo without a GPU
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='SegVisualizationHook'))
custom_hooks = [dict(type='VocabularyHook')]
vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(
    type='SegLocalVisualizer', vis_backends=vis_backends, name='visualizer')
log_processor = dict(by_epoch=False)
log_level = 'INFO'
load_from = None
resume = False

# DistributedDataParallel refuses models without trainable parameters.
model_wrapper_cfg = dict(type='MMSeparateDistributedDataParallel')

# --tta scales the resize of the test pipeline by 0.75, 1 and 1.25 and flips;
# a tta_pipeline here would replace that.
tta_model = dict(type='ZeroShotTTAModel')
