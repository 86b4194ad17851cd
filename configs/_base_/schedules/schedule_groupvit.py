# GroupViT's recipe: 30 epochs of CC3M, CC12M and YFCC14M (28,663,147 pairs;
# 6,997 iterations each), global batch 4,096, AdamW, warm-up of two epochs from
# 4e-6, cosine to 4e-5, mixed precision. The learning rate is meant for the
# global batch and scaled with it. Norms and biases have no weight decay.
optim_wrapper = dict(
    type='Bfloat16OptimWrapper',
    optimizer=dict(
        type='AdamW', lr=1.6e-3, betas=(0.9, 0.999), eps=1e-8,
        weight_decay=0.05),
    paramwise_cfg=dict(norm_decay_mult=0., bias_decay_mult=0.),
    clip_grad=dict(max_norm=5.0))
auto_scale_lr = dict(enable=True, base_batch_size=4096)
# Validated after each epoch.
train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=209910, val_interval=6997)
# The cosine spans the whole training, as the authors' does.
param_scheduler = [
    dict(type='LinearLR', start_factor=0.0025, begin=0, end=13994,
         by_epoch=False),
    dict(type='CosineAnnealingLR', eta_min_ratio=0.025, begin=0,
         by_epoch=False)
]
val_cfg = dict(type='ValLoop')
