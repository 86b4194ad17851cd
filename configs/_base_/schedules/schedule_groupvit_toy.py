# 600 iterations in bfloat16: minutes on two cores.
_base_ = 'schedule_groupvit.py'
optim_wrapper = dict(
    type='Bfloat16OptimWrapper',
    optimizer=dict(lr=1e-3, betas=(0.9, 0.98)),
    clip_grad=dict(max_norm=1.0))
auto_scale_lr = dict(base_batch_size=128)
train_cfg = dict(max_iters=600, val_interval=200)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, begin=0, end=100,
         by_epoch=False)
]
param_scheduler.append(
    dict(type='CosineAnnealingLR', eta_min=1e-5,
         begin=param_scheduler[0]['end'], end=train_cfg['max_iters'],
         by_epoch=False))
