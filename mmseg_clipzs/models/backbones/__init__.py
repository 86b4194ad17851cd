from .clip_resnet import ClipResNet
from .clip_vit import ClipViT
from .groupvit import GroupViT
from .text_transformer import TextTransformer
from .tipsv2_vit import Tipsv2ViT

__all__ = ['ClipResNet', 'ClipViT', 'GroupViT', 'TextTransformer', 'Tipsv2ViT']
