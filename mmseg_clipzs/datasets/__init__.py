from .hide_labels import HideLabels
from .photo_folder import PhotoFolderDataset
from .photos import CheckSample, read_photo
from .toy import ToyScenesDataset

__all__ = [
    'CheckSample', 'HideLabels', 'PhotoFolderDataset', 'ToyScenesDataset',
    'read_photo'
]
