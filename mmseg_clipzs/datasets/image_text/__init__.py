from .image_text_dataset import ImageTextDataset
from .image_text_shards import ImageTextShards
from .pack_image_text import PackImageText

__all__ = ['ImageTextDataset', 'ImageTextShards', 'PackImageText']
