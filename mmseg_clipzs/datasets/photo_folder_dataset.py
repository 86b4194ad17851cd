from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from mmseg_clipzs.utils import UserError

from .images import list_images


@DATASETS.register_module()
class PhotoFolderDataset(BaseSegDataset):
    """All photos below a folder, without labels.

    Args:
        data_root (str): The folder.
        metainfo (dict): ``classes``, and ``palette`` if pictures are drawn.

    Raises:
        UserError: There is no photo.
    """

    def load_data_list(self):
        """list[dict]: One entry with ``img_path`` for each photo."""
        photos = list_images(self.data_root, recursive=True)
        if not photos:
            raise UserError(f'No photos below {self.data_root}.')
        return [
            dict(img_path=str(path), label_map=None, reduce_zero_label=False,
                 seg_fields=[]) for path in photos]
