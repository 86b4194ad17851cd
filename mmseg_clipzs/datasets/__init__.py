from .coco_object import CocoObjectDataset
from .hide_labels import HideLabels
from .image_text_dataset import ImageTextDataset
from .image_text_shards import ImageTextShards
from .pack_image_text import PackImageText
from .photo_folder import PhotoFolderDataset
from .photos import CheckSample, LoadPhoto, list_photos, read_photo
from .random_resized_crop import RandomResizedCrop
from .toy import ToyScenesDataset

__all__ = [
    'CheckSample', 'CocoObjectDataset', 'HideLabels', 'ImageTextDataset',
    'ImageTextShards', 'LoadPhoto', 'PackImageText', 'PhotoFolderDataset',
    'RandomResizedCrop', 'ToyScenesDataset', 'list_photos', 'read_photo'
]
