# Settings of the authors' code: ImageNet's mean and std, 85 prompts.
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = 'maskclip_rn50.py'
method = "MaskCLIP (authors' settings)"
model = dict(
    clip=dict(model='RN50x16'),
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375]),
    prompts='maskclip85')
