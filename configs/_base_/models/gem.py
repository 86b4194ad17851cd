# GEM resizes position embeddings in its own way.
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = 'maskclip_b.py'
method = 'GEM'
model = dict(backbone=dict(last_block='gem', pos_embed='antialias'))
