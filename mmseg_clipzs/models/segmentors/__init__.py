from .data_preprocessor import ZeroShotDataPreProcessor
from .zero_shot_segmentor import ZeroShotSegmentor

__all__ = ['ZeroShotDataPreProcessor', 'ZeroShotSegmentor']
