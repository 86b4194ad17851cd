# Pascal VOC 2012 with the extra annotations of SBD (10,582 images), 21 classes
# with background: labels of unseen classes hidden.
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = 'voc21_512.py'
unseen = ('pottedplant', 'sheep', 'sofa', 'train', 'tvmonitor')
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='HideLabels', classes='voc21', unseen=unseen),
    dict(
        type='RandomResize', scale=(2048, 512), ratio_range=(0.5, 2.0),
        keep_ratio=True),
    dict(type='RandomCrop', crop_size=(512, 512), cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackSegInputs')
]
voc = dict(
    type='PascalVOCDataset',
    data_root='data/VOCdevkit/VOC2012',
    data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass'),
    ann_file='ImageSets/Segmentation/train.txt',
    pipeline=train_pipeline)
sbd = dict(
    type='PascalVOCDataset',
    data_root='data/VOCdevkit/VOC2012',
    data_prefix=dict(
        img_path='JPEGImages', seg_map_path='SegmentationClassAug'),
    ann_file='ImageSets/Segmentation/aug.txt',
    pipeline=train_pipeline)
train_dataloader = dict(
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(type='ConcatDataset', datasets=[voc, sbd]))
val_dataloader = {{_base_.test_dataloader}}
val_evaluator = dict(
    type='ZeroShotIoUMetric', iou_metrics=['mIoU'], unseen=unseen)
test_evaluator = val_evaluator
