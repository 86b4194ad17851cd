# CC3M (2.89 M pairs), CC12M (11.16 M) and YFCC14M (14.62 M) in WebDataset
# shards of 10,000, 224 x 224 pixels, 256 pairs per process. Nouns come from
# the shards (clipzs make-shards) or NLTK's tagger. Needs
# image_text_runtime.py. See docs/image_text_data.md.
_base_ = 'image_text.py'
train_dataloader = dict(
    batch_size=256,
    num_workers=4,
    persistent_workers=False,
    sampler=None,  # the streams shuffle and split by themselves
    dataset=dict(
        type='ImageTextShards',
        data_root='data/image_text',
        urls=[
            'cc3m/{000000..000289}.tar', 'cc12m/{000000..001115}.tar',
            'yfcc14m/{000000..001461}.tar'
        ],
        pipeline={{_base_.train_pipeline}}))
