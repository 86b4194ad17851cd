# Key smoothing and prompt denoising as in the paper.
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = 'maskclip.py'
method = 'MaskCLIP + KS + PD'
model = dict(
    backbone=dict(out_keys='raw'),
    decode_head=dict(ks_thresh=1.0, pd_thresh=0.5))
