_base_ = 'maskclip_b.py'
method = 'CLIPtrase (attention)'
model = dict(backbone=dict(last_block='cliptrase'))
