# 20000 iterations, as the paper trains on Pascal VOC.
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
optimizer = dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=0.0005)
optim_wrapper = dict(type='OptimWrapper', optimizer=optimizer, clip_grad=None)
train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=20000, val_interval=2000)
param_scheduler = [
    dict(type='PolyLR', eta_min=1e-4, power=0.9, begin=0,
         end=train_cfg['max_iters'], by_epoch=False)
]
val_cfg = dict(type='ValLoop')
