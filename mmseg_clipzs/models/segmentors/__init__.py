from .foreign_segmentor import ForeignSegmentor
from .image_text_contrastive import ImageTextContrastive
from .maskclip_plus import MaskClipPlus
from .sam3_segmentor import Sam3Segmentor
from .text_mapped_segmentor import TextMappedSegmentor
from .zero_shot_data_preprocessor import ZeroShotDataPreProcessor
from .zero_shot_segmentor import ZeroShotSegmentor
from .zero_shot_tta_model import ZeroShotTTAModel

__all__ = [
    'ForeignSegmentor', 'ImageTextContrastive', 'MaskClipPlus',
    'Sam3Segmentor', 'TextMappedSegmentor', 'ZeroShotDataPreProcessor',
    'ZeroShotSegmentor', 'ZeroShotTTAModel'
]
