_base_ = 'maskclip_b.py'
method = 'SC-CLIP'
model = dict(backbone=dict(last_block='scclip'))
