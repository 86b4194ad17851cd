# Toy scenes (clipzs make-toy-scenes), 12 classes, 128 x 128 pixels.
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
dataset_name = 'toy'
test_pipeline = [
    dict(type='LoadImageFromFile'),
    # The annotation keeps its size: predictions are resized to it.
    dict(type='LoadAnnotations'),
    dict(type='CheckSample'),
    dict(type='PackSegInputs')
]
test_dataloader = dict(
    batch_size=1,
    num_workers=0,
    persistent_workers=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='ToyScenesDataset',
        data_root='data/toy',
        data_prefix=dict(
            img_path='JPEGImages', seg_map_path='SegmentationClass'),
        ann_file='ImageSets/Segmentation/val.txt',
        pipeline=test_pipeline))
test_cfg = dict(type='TestLoop')
test_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
