# TIPSv2 of transformers with MaskCLIP's value trick.
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
method = 'TIPSv2'
model = dict(
    type='ZeroShotSegmentor',
    clip=dict(model='tipsv2', pretrained='google/tipsv2-b14'),
    data_preprocessor=dict(type='ZeroShotDataPreProcessor'),
    backbone=dict(type='Tipsv2ViT'),
    decode_head=dict(type='MaskClipHead'),
    prompts='tcl9',
    test_cfg=dict(mode='slide', crop_size=(448, 448), stride=(336, 336)))
