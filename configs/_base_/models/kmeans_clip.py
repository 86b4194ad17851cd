# Unmodified CLIP, its patch tokens grouped by K-means (GroupViT, table 4).
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = 'clip.py'
method = 'CLIP + K-means'
model = dict(decode_head=dict(type='ClusterHead', method='kmeans'))
