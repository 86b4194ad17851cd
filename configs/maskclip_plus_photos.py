# MaskCLIP+ on a folder of photos: a segmentor for your own classes, trained
# without labels. The authors' recipe for images from the web (ViT-B/16,
# DeepLabV2, 300 iterations of 16 images; no published figure, but pictures)
# with the corrected teacher; their word lists are --classes web_batman_joker,
# web_car_brands, ... (docs/free_concepts.md).
#
#     clipzs train maskclip_plus_photos --photos FOLDER \
#         --classes "white car; red bus; road; sky"
_base_ = [
    '_base_/models/maskclip_plus.py', '_base_/schedules/schedule_300.py',
    '_base_/train_runtime.py'
]
dataset_name = 'photos'
protocol = 'none'
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='RandomResize',
        scale=(2048, 512),
        ratio_range=(0.5, 2.0),
        keep_ratio=True),
    dict(type='RandomCrop', crop_size=(512, 512), cat_max_ratio=1.),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackSegInputs')
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(2048, 512), keep_ratio=True),
    dict(type='PackSegInputs')
]
train_dataloader = dict(
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='PhotoFolderDataset', data_root='data/photos',
        pipeline=train_pipeline))
val_cfg = None
default_hooks = dict(checkpoint=dict(interval=100))
