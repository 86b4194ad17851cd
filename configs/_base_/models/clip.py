# The baseline: unmodified CLIP, its patch tokens compared with the text.
_base_ = 'maskclip.py'
method = 'CLIP'
model = dict(backbone=dict(last_block='clip'))
