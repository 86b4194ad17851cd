from .clip_resnet import ClipResNet
from .clip_vit import ClipViT
from .groupvit import GroupViT
from .text_transformer import TextTransformer
from .trident_vit import TridentViT

__all__ = ['ClipResNet', 'ClipViT', 'GroupViT', 'TextTransformer',
           'TridentViT']
