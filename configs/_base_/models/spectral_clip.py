# Unmodified CLIP, its patch tokens grouped by spectral clustering (GroupViT,
# table 4).
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = 'clip.py'
method = 'CLIP + spectral clustering'
model = dict(decode_head=dict(type='ClusterHead', method='spectral'))
