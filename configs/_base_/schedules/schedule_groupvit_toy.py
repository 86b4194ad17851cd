# 300 iterations: minutes on two cores.
_base_ = 'schedule_groupvit.py'
optim_wrapper = dict(
    optimizer=dict(lr=1e-3, betas=(0.9, 0.98)), clip_grad=dict(max_norm=1.0))
auto_scale_lr = dict(base_batch_size=128)
train_cfg = dict(max_iters=300, val_interval=300)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, begin=0, end=100,
         by_epoch=False),
    dict(type='CosineAnnealingLR', eta_min_ratio=0.01, begin=100,
         by_epoch=False)
]
