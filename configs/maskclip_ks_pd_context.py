# MaskCLIP + key smoothing + prompt denoising, ViT-B/16, on Pascal Context (59
# classes).
# Protocol A (MaskCLIP): within 520 x 520, whole image.
# Corrected: CLIP's mean and std, QuickGELU, LayerNorm eps 1e-5, 80 prompt
# templates, the paper's key smoothing.
# The authors' settings are in maskclip_authors_ks_pd_context, with the
# published figure.
#
#     clipzs test maskclip_ks_pd_context
#
# Made by tools/make_configs.py from mmseg_clipzs/recipes.
_base_ = [
    '_base_/models/maskclip_ks_pd.py', '_base_/datasets/context.py',
    '_base_/default_runtime.py'
]
protocol = 'A (MaskCLIP)'
model = dict(vocabulary='context59')
