from .cluster_head import ClusterHead
from .maskclip_head import MaskClipHead

__all__ = ['ClusterHead', 'MaskClipHead']
