from pathlib import Path

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
        data_prefix (dict, optional): ``img_path``, the subfolder to search.
        img_suffix (str, optional): End of the file names, e.g. '.png'; by
            default all common formats are read.
        kwargs: See ``BaseSegDataset``.

    Raises:
        UserError: The folder contains no images.
    """

    def __init__(self, img_suffix='', **kwargs):
        super().__init__(img_suffix=img_suffix, **kwargs)

    def load_data_list(self):
        """list[dict]: One entry with ``img_path`` per image."""
        folder = Path(self.data_prefix.get('img_path') or self.data_root)
        paths = [path for path in list_images(folder, recursive=True)
                 if path.name.lower().endswith(self.img_suffix.lower())]
        if not paths:
            ending = f' whose names end in {self.img_suffix}'
            raise UserError(f'No images in {folder}'
                            f'{ending if self.img_suffix else ""}.')
        return [
            dict(img_path=str(path), label_map=None, reduce_zero_label=False,
                 seg_fields=[]) for path in paths]
