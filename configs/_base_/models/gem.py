# Its own resizing of the position embeddings.
_base_ = 'maskclip_b.py'
method = 'GEM'
model = dict(backbone=dict(last_block='gem', pos_embed='antialias'))
