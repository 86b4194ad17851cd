# 1200 iterations: minutes on a CPU.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.01),
    clip_grad=dict(max_norm=1.0))
train_cfg = dict(type='IterBasedTrainLoop', max_iters=1200)
train_cfg['val_interval'] = train_cfg['max_iters']
# They end with the training, whatever its length.
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, begin=0, end=20, by_epoch=False),
    dict(type='PolyLR', eta_min=1e-5, power=0.9, begin=0, by_epoch=False)
]
auto_scale_lr = dict(enable=True, base_batch_size=8)
val_cfg = dict(type='ValLoop')
