"""A small Vision Transformer, registered with timm as users do."""
import torch
from timm.models import register_model
from timm.models.vision_transformer import VisionTransformer

from mmseg_clipzs.models.backbones.clip_vit import METHODS

# Methods that look at images alone, not at regions.
OF_IMAGES = [name for name, method in METHODS.items()
             if not getattr(method, 'needs_regions', False)]
SETTINGS = dict(img_size=32, patch_size=8, embed_dim=48, depth=3, num_heads=3)
HEADS, PATCH, GRID = 3, 8, 4


@register_model
def tiny_dino(pretrained=False, pretrained_cfg=None,
              pretrained_cfg_overlay=None, cache_dir=None, **options):
    return VisionTransformer(**{**SETTINGS, **options})


@register_model
def tiny_dino_patch14(**options):
    return tiny_dino(**{**options, 'img_size': 42, 'patch_size': 14})


def save(path):
    """Seeded weights whose features differ."""
    torch.manual_seed(0)
    state = tiny_dino(num_classes=0).state_dict()
    torch.save({key: value + 0.2 * torch.randn(value.shape)
                for key, value in state.items()}, path)
    return path
