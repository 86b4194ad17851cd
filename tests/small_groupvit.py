"""A small GroupViT with seeded random weights."""
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

ONE_STAGE = dict(
    type='GroupViT', embed_dims=32, num_heads=2, depths=(1, 1),
    num_group_tokens=(6, 0), num_output_groups=(6, ), img_size=32,
    patch_size=8, gumbel=False)
TWO_STAGES = dict(
    type='GroupViT', embed_dims=32, num_heads=2, depths=(1, 1, 1),
    num_group_tokens=(6, 3, 0), num_output_groups=(6, 3), img_size=32,
    patch_size=8, gumbel=False)


def small_groupvit(backbone=TWO_STAGES, noise=.1, **settings):
    """Build an ``ImageTextContrastive``.

    Args:
        backbone (dict): A GroupViT.
        noise (float): Scale of noise added to the initial weights, which are
            too uniform for different groups.
        settings: Replace other settings of the model.

    Returns:
        ImageTextContrastive: In evaluation mode.
    """
    init_default_scope('mmseg')
    torch.manual_seed(0)
    model = MODELS.build({**dict(
        type='ImageTextContrastive', weights=None, backbone=backbone,
        text_backbone=dict(type='TextTransformer', embed_dims=64, depth=1),
        decode_head=dict(type='GroupViTHead'),
        embed_dims=16, projector_dims=24), **settings})
    for name, parameter in model.named_parameters():
        if 'scale' not in name:
            parameter.data += noise * torch.randn_like(parameter)
    return model.eval()
