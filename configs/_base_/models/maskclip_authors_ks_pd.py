# As in the authors' code, where keys pass through the output projection and
# are normalised over the locations.
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = 'maskclip_authors.py'
method = "MaskCLIP + KS + PD (authors' settings)"
model = dict(
    backbone=dict(out_keys='projected'),
    decode_head=dict(ks_thresh=1.0, pd_thresh=0.5, key_norm='tokens'))
