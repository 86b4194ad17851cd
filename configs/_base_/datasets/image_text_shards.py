# CC12M and YFCC14M in WebDataset shards, 224 x 224 pixels, 256 pairs per
# process. Nouns come from the shards (tools/make_shards.py) or NLTK's tagger.
# Needs image_text_runtime.py. See docs/image_text_data.md.
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
    persistent_workers=False,
    sampler=None,  # the streams shuffle and split by themselves
    dataset=dict(
        type='ImageTextShards',
        data_root='data/gcc_yfcc',
        urls='{000000..000123}.tar',
        pipeline=train_pipeline))
