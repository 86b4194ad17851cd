# The settings of the authors' code, which differ from those CLIP was trained
# with: GELU, eps 1e-6, ImageNet's mean and std; and its 85 prompts.
_base_ = 'maskclip.py'
method = "MaskCLIP (authors' settings)"
model = dict(
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]),
    backbone=dict(quick_gelu=False, norm_eps=1e-6),
    prompts='maskclip85')
