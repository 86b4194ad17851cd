# A list of images and captions (.csv, .json, .jsonl, .parquet), 224 x 224
# pixels. Nouns come from the list or NLTK's tagger. See
# docs/image_text_data.md.
_base_ = 'image_text.py'
train_dataloader = dict(
    batch_size=256,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='ImageTextDataset',
        data_root='data/image_text',
        ann_file='captions.json',
        pipeline={{_base_.train_pipeline}}))
