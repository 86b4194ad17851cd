# 2000 iterations of 16 images, annotation-free training on Pascal VOC. The
# learning rate follows the number of images.
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
optimizer = dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=0.0005)
optim_wrapper = dict(type='OptimWrapper', optimizer=optimizer, clip_grad=None)
train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=2000, val_interval=500)
# It ends with the training, whatever its length.
param_scheduler = [
    dict(type='PolyLR', eta_min=1e-4, power=0.9, begin=0, by_epoch=False)
]
auto_scale_lr = dict(enable=True, base_batch_size=16)
val_cfg = dict(type='ValLoop')
