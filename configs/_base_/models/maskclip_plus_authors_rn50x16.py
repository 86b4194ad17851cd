# MaskCLIP+ (authors' settings): teacher `maskclip_authors_rn50x16`.
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = 'maskclip_plus.py'
method = "MaskCLIP+ (authors' settings)"
model = dict(
    student=dict(decode_head=dict(channels=768)),
    teacher=dict(
        clip=dict(model='RN50x16'),
        data_preprocessor=dict(
            mean=[123.675, 116.28, 103.53],
            std=[58.395, 57.12, 57.375]),
        backbone=dict(type='ClipResNet'),
        prompts='maskclip85'))
