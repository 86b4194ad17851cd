# MaskCLIP + key smoothing + prompt denoising, ViT-B/16, on Pascal VOC 2012 (20
# classes).
# Protocol A (MaskCLIP): short side 512, whole image.
# Corrected: CLIP's mean and std, QuickGELU, LayerNorm eps 1e-5, 80 prompt
# templates, the paper's key smoothing.
# The authors' settings are in maskclip_authors_ks_pd_voc.
#
#     clipzs test maskclip_ks_pd_voc
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/maskclip_ks_pd.py', '_base_/datasets/voc.py',
    '_base_/default_runtime.py'
]
protocol = 'A (MaskCLIP)'
model = dict(vocabulary='voc20')
