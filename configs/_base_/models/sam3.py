# SAM 3 of transformers, trained with masks. Its weights are gated: accept
# their terms on the hub, or name a folder.
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
method = 'SAM 3'
model = dict(
    type='Sam3Segmentor',
    weights='facebook/sam3',
    data_preprocessor=dict(type='ZeroShotDataPreProcessor'),
    test_cfg=dict(mode='whole'))
