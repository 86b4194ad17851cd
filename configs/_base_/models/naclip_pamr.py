_base_ = 'maskclip_b.py'
method = 'NACLIP + PAMR'
model = dict(
    backbone=dict(last_block='naclip'),
    pamr=dict(steps=10, dilations=(8, 16)))
