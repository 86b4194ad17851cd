"""Frozen Vision Transformers of timm, which supply patch features."""
from .loading import check_proxy, load_proxy
from .network import PARTS, Proxy

__all__ = ['PARTS', 'Proxy', 'check_proxy', 'load_proxy']
