# Made by tools/make_configs.py from mmseg_clipzs/recipes.
method = 'MaskCLIP'
model = dict(
    type='ZeroShotSegmentor',
    clip=dict(model='ViT-B-16', pretrained='openai'),
    data_preprocessor=dict(type='ZeroShotDataPreProcessor'),
    backbone=dict(type='ClipViT', last_block='maskclip'),
    decode_head=dict(type='MaskClipHead'),
    prompts='imagenet80',
    test_cfg=dict(mode='whole'))
