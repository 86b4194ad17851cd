# The baseline in protocol B: unmodified CLIP.
_base_ = 'maskclip_b.py'
method = 'CLIP'
model = dict(backbone=dict(last_block='clip'))
