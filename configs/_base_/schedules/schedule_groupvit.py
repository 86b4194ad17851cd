# GroupViT's recipe: 30 epochs of CC12M and YFCC14M (26 M pairs), batch size
# 4096, AdamW, cosine schedule, two epochs of warm-up. Gradient clipping and no
# weight decay for norms and biases are ours. auto_scale_lr.enable=True scales
# the learning rate with the batch size.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1.6e-3, weight_decay=0.05),
    paramwise_cfg=dict(
        norm_decay_mult=0., bias_decay_mult=0.,
        custom_keys=dict(
            pos_embed=dict(decay_mult=0.), group_token=dict(decay_mult=0.),
            positional_embedding=dict(decay_mult=0.),
            logit_scale=dict(decay_mult=0.))),
    clip_grad=dict(max_norm=5.0))
auto_scale_lr = dict(base_batch_size=4096, enable=False)
# Validated after each epoch.
train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=190000, val_interval=6350)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, begin=0,
         end=2 * train_cfg['val_interval'], by_epoch=False)
]
param_scheduler.append(
    dict(type='CosineAnnealingLR', eta_min=4e-5,
         begin=param_scheduler[0]['end'], end=train_cfg['max_iters'],
         by_epoch=False))
val_cfg = dict(type='ValLoop')
