# MaskCLIP+ on a folder of photos, in minutes on a laptop and without a
# network: a small student and the toy CLIP as teacher, which knows little
# more than the toy scenes' colours and textures. docs/maskclip_plus.md says
# what to expect; maskclip_plus_photos.py is the recipe for real use.
#
#     clipzs train maskclip_plus_photos_toy \
#         --photos FOLDER --classes "cloud; grass; sea; brick; sand"
_base_ = [
    '_base_/models/maskclip_plus_toy.py', '_base_/schedules/schedule_toy.py',
    '_base_/train_runtime.py'
]
dataset_name = 'photos'
protocol = 'none'
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='RandomResize',
        scale=(1024, 128),
        ratio_range=(1.0, 2.0),
        keep_ratio=True),
    dict(type='RandomCrop', crop_size=(128, 128), cat_max_ratio=1.),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackSegInputs')
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(1536, 192), keep_ratio=True),
    dict(type='PackSegInputs')
]
train_dataloader = dict(
    batch_size=8,
    num_workers=0,
    persistent_workers=False,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='PhotoFolderDataset', data_root='data/photos',
        pipeline=train_pipeline))
train_cfg = dict(max_iters=300)
val_cfg = None
default_hooks = dict(checkpoint=dict(interval=100))
