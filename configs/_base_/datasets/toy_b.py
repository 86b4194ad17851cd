# The toy scenes in protocol B: windows of the size that the toy CLIP was
# trained with, half overlapping, as 224 and 112 are ViT-B/16's. Each config
# sets them (test_cfg).
_base_ = 'toy.py'
protocol = 'toy, B (windows of 64)'
