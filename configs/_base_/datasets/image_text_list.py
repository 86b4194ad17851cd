# A list of images and captions (.csv, .json, .jsonl, .parquet), 224 x 224
# pixels. Nouns come from the list or NLTK's tagger. See
# docs/image_text_data.md.
_base_ = 'image_text.py'
train_pipeline = [
    dict(type='LoadPhoto'),
    dict(type='RandomResizedCrop', size=224),
    dict(
        type='PackImageText',
        num_nouns={{_base_.num_nouns}},
        context_length={{_base_.context_length}})
]
train_dataloader = dict(
    batch_size=256,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='ImageTextDataset',
        data_root='data/image_text',
        ann_file='captions.json',
        pipeline=train_pipeline))
