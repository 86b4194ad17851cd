# NACLIP on a data set of one's own: photos and label maps of the same name.
#
#     clipzs test examples/own_data/own_data.py --data-root my_data
_base_ = [
    '../../configs/_base_/models/naclip.py',
    '../../configs/_base_/default_runtime.py'
]
dataset_name = 'my data'
protocol = 'custom'
# The words of each class, in the order of the labels; synonyms by commas.
model = dict(
    vocabulary=['leaf', 'sun', 'sea, water', 'sand, beach'])
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(2048, 336), keep_ratio=True),
    dict(type='LoadAnnotations'),
    dict(type='CheckSample'),
    dict(type='PackSegInputs')
]
test_dataloader = dict(
    batch_size=1,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='BaseSegDataset',
        data_root='my_data',
        data_prefix=dict(img_path='images', seg_map_path='masks'),
        img_suffix='.jpg',
        seg_map_suffix='.png',  # 0 is the first class, 255 is ignored
        metainfo=dict(
            classes=('leaf', 'sun', 'sea', 'sand'),
            palette=[[60, 180, 75], [255, 200, 0], [30, 110, 190],
                     [225, 200, 140]]),
        pipeline=test_pipeline))
test_cfg = dict(type='TestLoop')
test_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
