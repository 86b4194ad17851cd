# GroupViT, the published 2-stage model.
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
method = 'GroupViT'
model = dict(
    type='ImageTextContrastive',
    weights='nvidia/groupvit-gcc-yfcc',
    data_preprocessor=dict(
        type='ZeroShotDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375]),
    backbone=dict(type='GroupViT'),
    text_backbone=dict(type='TextTransformer'),
    decode_head=dict(type='GroupViTHead'),
    prompts='single',
    test_cfg=dict(mode='slide', crop_size=(448, 448), stride=(224, 224)))
