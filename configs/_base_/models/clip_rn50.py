# The baseline: CLIP's whole attention pool, every location a query.
_base_ = 'maskclip_rn50.py'
method = 'CLIP'
model = dict(backbone=dict(last_block='clip'))
