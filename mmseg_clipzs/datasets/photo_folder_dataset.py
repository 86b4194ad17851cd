from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from mmseg_clipzs.utils import UserError

from .images import list_images


@DATASETS.register_module()
class PhotoFolderDataset(BaseSegDataset):
    """All images in a folder and its subfolders, without labels.

    Args:
        data_root (str): Folder to search.
        metainfo (dict): ``classes``, and ``palette`` for visualization.

    Raises:
        UserError: The folder contains no images.
    """

    def load_data_list(self):
        """list[dict]: One entry with ``img_path`` per image."""
        paths = list_images(self.data_root, recursive=True)
        if not paths:
            raise UserError(f'No images in {self.data_root}.')
        return [
            dict(img_path=str(path), label_map=None, reduce_zero_label=False,
                 seg_fields=[]) for path in paths]
