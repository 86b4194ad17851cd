# Unmodified CLIP, its patch tokens grouped by mean-shift (GroupViT, table 4).
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = 'clip.py'
method = 'CLIP + mean-shift'
model = dict(decode_head=dict(type='ClusterHead', method='mean_shift'))
