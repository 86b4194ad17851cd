_base_ = 'maskclip_b.py'
method = 'NACLIP'
model = dict(backbone=dict(last_block='naclip'))
