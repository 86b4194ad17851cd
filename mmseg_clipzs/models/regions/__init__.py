"""Regions of images, from whatever finds them."""
from .build import PROVIDERS, build_regions
from .region_provider import RegionProvider

__all__ = ['PROVIDERS', 'RegionProvider', 'build_regions']
