from .check_sample import CheckSample
from .coco_object_dataset import CocoObjectDataset
from .corrupt import Corrupt
from .find_images import find_images, is_result, list_images
from .hide_labels import HideLabels
from .image_text import ImageTextDataset, ImageTextShards, PackImageText
from .images import read_image
from .limit_size import LimitSize
from .load_image_from_file import LoadImageFromFile
from .load_labels import LoadLabels
from .load_photo import LoadPhoto
from .photo_folder_dataset import PhotoFolderDataset
from .random_resized_crop import RandomResizedCrop
from .timm_augment import TimmAugment
from .unique_names import unique_names

__all__ = [
    'CheckSample', 'CocoObjectDataset', 'Corrupt', 'HideLabels',
    'ImageTextDataset', 'ImageTextShards', 'LimitSize', 'LoadImageFromFile',
    'LoadLabels', 'LoadPhoto', 'PackImageText', 'PhotoFolderDataset',
    'RandomResizedCrop', 'TimmAugment', 'find_images', 'is_result',
    'list_images', 'read_image', 'unique_names'
]
