from .cluster_head import ClusterHead
from .deeplabv2_head import DeepLabV2Head
from .groupvit_head import GroupViTHead
from .maskclip_head import MaskClipHead

__all__ = ['ClusterHead', 'DeepLabV2Head', 'GroupViTHead', 'MaskClipHead']
