# Toy scenes with captions, 64 x 64 pixels, for training from captions only:
#
#     clipzs make-toy-scenes --out data/toy_captions --train 20000 \
#         --val 0 --size 64 --seed 2 --varied
_base_ = 'image_text.py'
train_pipeline = [
    dict(type='LoadPhoto'),
    dict(type='RandomFlip', prob=0.5),
    dict(
        type='PackImageText',
        words='toy',
        num_nouns={{_base_.num_nouns}},
        context_length={{_base_.context_length}})
]
train_dataloader = dict(
    batch_size=128,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='ImageTextDataset',
        data_root='data/toy_captions',
        data_prefix=dict(img_path='JPEGImages'),
        ann_file='captions.json',
        split='ImageSets/Segmentation/train.txt',
        pipeline=train_pipeline))
