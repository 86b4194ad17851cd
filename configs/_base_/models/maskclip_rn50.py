_base_ = 'maskclip.py'
model = dict(
    clip=dict(model='RN50'),
    backbone=dict(type='ClipResNet', last_block='maskclip'))
