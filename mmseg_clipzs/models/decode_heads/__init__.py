from .groupvit_head import GroupViTHead
from .maskclip_head import MaskClipHead

__all__ = ['GroupViTHead', 'MaskClipHead']
