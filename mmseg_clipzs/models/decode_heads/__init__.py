from .cluster_head import ClusterHead
from .groupvit_head import GroupViTHead
from .maskclip_head import MaskClipHead

__all__ = ['ClusterHead', 'GroupViTHead', 'MaskClipHead']
