"""Datasets: files, classes and training settings.

Keys of an entry:
    title: Name in headers and tables.
    classes: Number of classes, including background.
    words: Vocabulary for people's own work, with plain spelling; those of the
        protocols are the authors' to the letter.
    note: First line of the base config.
    base: Protocol of the image size in the base config without a suffix.
    file: Name of that base config, if not the dataset's.
    test: mmseg's dataset for testing.
    train: Training images, see ``TRAIN``.
"""
_VOC = dict(
    type='PascalVOCDataset',
    data_root='data/VOCdevkit/VOC2012',
    data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass'),
    ann_file='ImageSets/Segmentation/val.txt')
_CONTEXT = dict(
    type='PascalContextDataset',
    data_root='data/VOCdevkit/VOC2010',
    data_prefix=dict(
        img_path='JPEGImages', seg_map_path='SegmentationClassContext'),
    ann_file='ImageSets/SegmentationContext/val.txt')
_COCO = dict(
    type='COCOStuffDataset',
    data_root='data/coco_stuff164k',
    data_prefix=dict(
        img_path='images/val2017', seg_map_path='annotations/val2017'))

DATASETS = {
    'voc': dict(
        title='Pascal VOC 2012', classes=20, base='maskclip',
        words='voc20_plain',
        note='Pascal VOC 2012 val, 20 classes; background pixels are '
             'ignored (255).',
        test=dict(_VOC, metainfo=dict(classes=(
            'aeroplane', 'bicycle', 'bird', 'boat', 'bottle', 'bus', 'car',
            'cat', 'chair', 'cow', 'diningtable', 'dog', 'horse',
            'motorbike', 'person', 'pottedplant', 'sheep', 'sofa', 'train',
            'tvmonitor')))),
    'voc21': dict(
        title='Pascal VOC 2012', classes=21, base='sclip_line',
        words='voc21_plain',
        note='Pascal VOC 2012 val, 21 classes with background.',
        test=_VOC),
    'context': dict(
        title='Pascal Context', classes=59, base='maskclip',
        words='context59',
        note='Pascal Context val, 59 classes without background.',
        test=dict(_CONTEXT, type='PascalContextDataset59')),
    'context60': dict(
        title='Pascal Context', classes=60, base='sclip_line',
        words='context59',
        note='Pascal Context val, 60 classes with background.',
        test=_CONTEXT),
    'coco_object': dict(
        title='COCO-Object', classes=81, base='sclip_line',
        words='coco_object81',
        file='coco_object_336',
        note='COCO-Object val, 81 classes with background, from COCO-Stuff\'s '
             'annotations.',
        test=dict(_COCO, type='CocoObjectDataset')),
    'coco_stuff': dict(
        title='COCO-Stuff 164k', classes=171, base='maskclip',
        words='coco_stuff171',
        note='COCO-Stuff 164k val, 171 classes.',
        test=_COCO),
    'cityscapes': dict(
        title='Cityscapes', classes=19, base='maskclip',
        words='cityscapes19',
        note='Cityscapes val, 19 classes.',
        test=dict(
            type='CityscapesDataset',
            data_root='data/cityscapes',
            data_prefix=dict(
                img_path='leftImg8bit/val', seg_map_path='gtFine/val'))),
    'ade20k': dict(
        title='ADE20K', classes=150, base='maskclip',
        words='ade20k150',
        note='ADE20K (SceneParse150) val, 150 classes.',
        test=dict(
            type='ADE20KDataset',
            data_root='data/ade/ADEChallengeData2016',
            data_prefix=dict(
                img_path='images/validation',
                seg_map_path='annotations/validation'))),
    'toy': dict(
        title='the toy scenes', classes=12, base='toy',
        note='Toy scenes (clipzs make-toy-scenes), 12 classes, 128 x 128 '
             'pixels.',
        test=dict(
            _VOC, type='ToyScenesDataset', data_root='data/toy')),
}

# Training on a dataset.
#     title: First line of the base configs.
#     scale, ratio, crop, share: Settings of RandomResize and RandomCrop
#         (height, width); ``share`` is the maximum of one class in a labelled
#         crop.
#     images: Differences from ``test``.
#     extra: Differences of a second set from the first.
#     unseen: Classes without labels in zero-shot training.
#     learn_background: The words do not include the background.
#     batch: Images per process.
_TRAIN = dict(scale=(2048, 512), ratio=(0.5, 2.0), crop=(512, 512),
              share=0.75, batch=4)
_TRAIN_VOC = dict(
    _TRAIN,
    title='Pascal VOC 2012 with the extra annotations of SBD (10,582 images)',
    images=dict(ann_file='ImageSets/Segmentation/train.txt'),
    extra=dict(
        data_prefix=dict(
            img_path='JPEGImages', seg_map_path='SegmentationClassAug'),
        ann_file='ImageSets/Segmentation/aug.txt'),
    unseen=('pottedplant', 'sheep', 'sofa', 'train', 'tvmonitor'))
_TRAIN_CONTEXT = dict(
    _TRAIN, title='Pascal Context', scale=(520, 520), crop=(480, 480),
    images=dict(ann_file='ImageSets/SegmentationContext/train.txt'),
    unseen=('cow', 'motorbike', 'sofa', 'cat', 'boat', 'fence', 'bird',
            'tvmonitor', 'keyboard', 'aeroplane'))

TRAIN = {
    'voc': _TRAIN_VOC,
    'voc21': dict(
        _TRAIN_VOC, learn_background=True,
        title=f'{_TRAIN_VOC["title"]}, 21 classes with background'),
    'context': _TRAIN_CONTEXT,
    'context60': dict(
        _TRAIN_CONTEXT, learn_background=True,
        title='Pascal Context, 60 classes with background'),
    'coco_stuff': dict(
        _TRAIN, title='COCO-Stuff 164k',
        images=dict(data_prefix=dict(
            img_path='images/train2017',
            seg_map_path='annotations/train2017')),
        unseen=('cow', 'giraffe', 'suitcase', 'frisbee', 'skateboard',
                'carrot', 'scissors', 'cardboard', 'clouds', 'grass',
                'playingfield', 'river', 'road', 'tree', 'wall-concrete')),
    'ade20k': dict(
        _TRAIN, title='ADE20K',
        images=dict(data_prefix=dict(
            img_path='images/training',
            seg_map_path='annotations/training'))),
    'cityscapes': dict(
        _TRAIN, title='Cityscapes', scale=(2048, 1024), crop=(512, 1024),
        images=dict(data_prefix=dict(
            img_path='leftImg8bit/train', seg_map_path='gtFine/train'))),
    'toy': dict(
        title='Toy scenes',
        scale=(128, 128), ratio=(0.75, 1.5), crop=(128, 128), share=1.0,
        batch=8,
        images=dict(ann_file='ImageSets/Segmentation/train.txt'),
        unseen=('zebra', 'sun', 'sea')),
}

# Iterations, validation interval, purpose.
SCHEDULES = {
    '300': (300, 300, 'as the authors of MaskCLIP+ train on web images'),
    '2k': (2000, 500, 'annotation-free training on Pascal VOC'),
    '4k': (4000, 1000,
           'annotation-free training on Pascal Context and Cityscapes'),
    '8k': (8000, 2000,
           'annotation-free training on COCO-Stuff and ADE20K'),
    '20k': (20000, 2000, 'zero-shot training on Pascal VOC'),
    '40k': (40000, 4000, 'zero-shot training on Pascal Context'),
    '80k': (80000, 8000, 'zero-shot training on COCO-Stuff'),
}
OPTIMIZER = dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=0.0005)
BATCH = 16  # images per iteration: 4 on each of the authors' 4 GPUs
