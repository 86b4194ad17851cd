import logging
from pathlib import Path

from mmengine.logging import print_log
from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from mmseg_clipzs.utils import UserError, first_of, shown

from .find_images import find_images
from .images import SampleError, require_readable


@DATASETS.register_module()
class PhotoFolderDataset(BaseSegDataset):
    """All images in a folder and its subfolders, without labels.

    An image that cannot be read is replaced by the next one that can;
    ``DataStateHook`` reports the sample's metainfo ``skipped``, a list of
    (kind, message). Each worker reports an image once.

    Args:
        data_root (str): Folder to search.
        metainfo (dict): ``classes``, and ``palette`` for visualization.
        data_prefix (dict, optional): ``img_path``, the subfolder to search.
        img_suffix (str, optional): End of the file names, e.g. '.png'; by
            default all common formats are read.
        pipeline (Sequence[dict]): ``LoadPhoto``, also where it has
            ``LoadImageFromFile``, which pads truncated images with grey and
            reads fewer formats.
        kwargs: See ``BaseSegDataset``.

    Raises:
        UserError: The folder contains no images that can be read.
    """

    def __init__(self, img_suffix='', pipeline=(), **kwargs):
        self._unreadable = set()
        super().__init__(img_suffix=img_suffix, pipeline=[
            dict(type='LoadPhoto') if step['type'] == 'LoadImageFromFile'
            else step for step in pipeline], **kwargs)

    def load_data_list(self):
        """list[dict]: One entry with ``img_path`` per image."""
        folder = Path(self.data_prefix.get('img_path') or self.data_root)
        paths, skipped = find_images(folder, recursive=True)
        paths = [path for path in paths
                 if path.name.lower().endswith(self.img_suffix.lower())]
        if not paths:
            ending = f' whose names end in {self.img_suffix}'
            raise UserError(f'No images in {shown(folder)}'
                            f'{ending if self.img_suffix else ""}.')
        require_readable(paths, f'the {len(paths)} images in {shown(folder)}')
        if skipped and not self.img_suffix:
            print_log(f'{len(skipped)} files in {shown(folder)} are skipped: '
                      f'{first_of(skipped)}', 'current', logging.WARNING)
        return [
            dict(img_path=str(path), label_map=None, reduce_zero_label=False,
                 seg_fields=[]) for path in paths]

    def __getitem__(self, idx):
        """dict: Packed sample; of the next image if this is unreadable."""
        skipped = []
        for i in range(idx, idx + len(self)):
            i %= len(self)
            if i in self._unreadable:
                continue
            try:
                sample = super().__getitem__(i)
            except SampleError as e:
                self._unreadable.add(i)
                skipped.append((e.kind, str(e)))
                continue
            sample['data_samples'].set_metainfo(dict(skipped=skipped))
            return sample
        raise UserError(f'None of the {len(self)} images of {self.data_root} '
                        'can be read any more.')
