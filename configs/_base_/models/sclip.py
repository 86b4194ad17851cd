_base_ = 'maskclip_b.py'
method = 'SCLIP'
model = dict(backbone=dict(last_block='sclip'))
