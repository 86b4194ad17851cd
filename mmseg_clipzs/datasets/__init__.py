from .check_sample import CheckSample
from .coco_object_dataset import CocoObjectDataset
from .corrupt import Corrupt
from .hide_labels import HideLabels
from .image_text import ImageTextDataset, ImageTextShards, PackImageText
from .images import list_images, read_image
from .load_photo import LoadPhoto
from .photo_folder_dataset import PhotoFolderDataset
from .random_resized_crop import RandomResizedCrop
from .timm_augment import TimmAugment

__all__ = [
    'CheckSample', 'CocoObjectDataset', 'Corrupt', 'HideLabels',
    'ImageTextDataset', 'ImageTextShards', 'LoadPhoto', 'PackImageText',
    'PhotoFolderDataset', 'RandomResizedCrop', 'TimmAugment', 'list_images',
    'read_image'
]
