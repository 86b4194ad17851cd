from .toy_scenes_dataset import ToyScenesDataset

__all__ = ['ToyScenesDataset']
