from .photos import CheckSample, read_photo
from .toy import ToyScenesDataset

__all__ = ['CheckSample', 'ToyScenesDataset', 'read_photo']
