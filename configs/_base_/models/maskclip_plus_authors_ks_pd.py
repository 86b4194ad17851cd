# MaskCLIP+, KS + PD (authors' settings): teacher `maskclip_authors_ks_pd`.
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = 'maskclip_plus.py'
method = "MaskCLIP+, KS + PD (authors' settings)"
model = dict(
    teacher=dict(
        data_preprocessor=dict(
            mean=[123.675, 116.28, 103.53],
            std=[58.395, 57.12, 57.375]),
        backbone=dict(quick_gelu=False, norm_eps=1e-06, out_keys='projected'),
        decode_head=dict(ks_thresh=1.0, pd_thresh=0.5, key_norm='tokens'),
        prompts='maskclip85'))
