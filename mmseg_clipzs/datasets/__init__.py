from .coco_object import CocoObjectDataset
from .hide_labels import HideLabels
from .photo_folder import PhotoFolderDataset
from .photos import CheckSample, list_photos, read_photo
from .toy import ToyScenesDataset

__all__ = [
    'CheckSample', 'CocoObjectDataset', 'HideLabels', 'PhotoFolderDataset',
    'ToyScenesDataset', 'list_photos', 'read_photo'
]
