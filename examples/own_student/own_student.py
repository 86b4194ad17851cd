# A student for one's own words: trained on a folder of photos without labels,
# tested on a few photos with label maps. Offline, with toy photos:
#
#     python examples/own_student/toy_photos.py my_photos
#     clipzs train examples/own_student/own_student.py
#
# With real photos: _base_ = '../../configs/maskclip_plus_photos.py', which
# needs CLIP's weights and a GPU, and scale=(2048, 512) below.
_base_ = '../../configs/maskclip_plus_photos_toy.py'
# The words of each class; synonyms by commas.
classes = ('leaf', 'sun', 'football', 'sea', 'sand', 'grass', 'brick')
model = dict(teacher=dict(vocabulary=[
    'leaf', 'sun', 'football', 'sea, water', 'sand, beach', 'grass, lawn',
    'brick, wall']))
# Photos to learn from, in any folders below.
train_dataloader = dict(dataset=dict(
    data_root='my_photos/train', metainfo=dict(classes=classes)))
# Photos and label maps of the same names: 0 is the first class.
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(1536, 192), keep_ratio=True),
    dict(type='LoadAnnotations'),
    dict(type='CheckSample'),
    dict(type='PackSegInputs')
]
test_dataloader = dict(
    batch_size=1,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='BaseSegDataset',
        data_root='my_photos/test',
        data_prefix=dict(img_path='images', seg_map_path='masks'),
        img_suffix='.jpg',
        seg_map_suffix='.png',  # 255 is ignored
        metainfo=dict(classes=classes),
        pipeline=test_pipeline))
test_cfg = dict(type='TestLoop')
test_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
