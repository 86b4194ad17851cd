# Pascal Context, 60 classes with background: labels of unseen classes hidden.
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = 'context60_520.py'
unseen = (
    'cow', 'motorbike', 'sofa', 'cat', 'boat', 'fence', 'bird', 'tvmonitor',
    'keyboard', 'aeroplane')
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='HideLabels', classes='context60', unseen=unseen),
    dict(
        type='RandomResize', scale=(520, 520), ratio_range=(0.5, 2.0),
        keep_ratio=True),
    dict(type='RandomCrop', crop_size=(480, 480), cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackSegInputs')
]
train_dataloader = dict(
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='PascalContextDataset',
        data_root='data/VOCdevkit/VOC2010',
        data_prefix=dict(
            img_path='JPEGImages', seg_map_path='SegmentationClassContext'),
        ann_file='ImageSets/SegmentationContext/train.txt',
        pipeline=train_pipeline))
val_dataloader = {{_base_.test_dataloader}}
val_evaluator = dict(
    type='ZeroShotIoUMetric', iou_metrics=['mIoU'], unseen=unseen)
test_evaluator = val_evaluator
