from .clip_resnet import ClipResNet
from .clip_vit import ClipViT

__all__ = ['ClipResNet', 'ClipViT']
