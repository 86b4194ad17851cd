# MaskCLIP+, distillation (authors' settings): teacher `maskclip_authors`.
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = 'maskclip_plus.py'
method = "MaskCLIP+, distillation (authors' settings)"
model = dict(
    teacher=dict(
        data_preprocessor=dict(
            mean=[123.675, 116.28, 103.53],
            std=[58.395, 57.12, 57.375]),
        backbone=dict(quick_gelu=False, norm_eps=1e-06),
        prompts='maskclip85'),
    distill_weight=1.0)
