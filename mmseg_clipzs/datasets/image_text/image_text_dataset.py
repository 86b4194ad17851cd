import logging
from pathlib import Path

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log
from mmseg.registry import DATASETS

from mmseg_clipzs.datasets.images import (
    CaptionError,
    SampleError,
    require_readable,
)
from mmseg_clipzs.utils import UserError, first_of, shown

from .lists import captions_of, image_path, read_list
from .seeded import seeded


@DATASETS.register_module()
class ImageTextDataset(BaseDataset):
    """Images and captions from a list file.

    Rows that are damaged, have no caption, or whose path leads out of the
    image folder, are dropped. An image that ``LoadPhoto`` cannot
    read is replaced by another one at random; ``DataStateHook`` reports the
    sample's metainfo ``skipped``, a list of (kind, message).

    Args:
        ann_file (str): List file, see
            :func:`mmseg_clipzs.datasets.image_text.lists.read_list`.
        split (str, optional): Text file below ``data_root`` with the stems of
            the images to use; by default all.
        data_root (str): Root of relative paths.
        data_prefix (dict): ``img_path``: image folder.
        pipeline (list): Transforms from ``LoadPhoto`` to ``PackImageText``.

    Raises:
        UserError: The list is missing or invalid, has no captions, or only
            unreadable images.
    """

    def __init__(self, ann_file, split=None, **kwargs):
        self.split = split
        super().__init__(ann_file=ann_file, **kwargs)

    def load_data_list(self):
        """list[dict]: With ``img_path``, ``captions``, ``nouns`` (or None)."""
        rows = read_list(self.ann_file)
        if self.split:
            path = Path(self.data_root) / self.split
            if not path.is_file():
                raise UserError(f'No list of image names at {path}.')
            names = set(path.read_text(encoding='utf-8').split())
            rows = [row for row in rows if Path(row['image']).stem in names]
        kept, skipped = [], []
        for row in rows:
            try:
                path = image_path(self.data_prefix['img_path'], row['image'])
                captions = captions_of(row)
                if not captions:
                    raise CaptionError(f'{shown(path)} has no caption.')
                kept.append(dict(img_path=str(path), captions=captions,
                                 nouns=row.get('nouns')))
            except SampleError as e:
                skipped.append(e)
        if not kept:
            within = f' in {self.split}' if self.split else ''
            raise UserError(f'{self.ann_file} has no image with a caption'
                            f'{within}. {skipped[0] if skipped else ""}')
        require_readable([info['img_path'] for info in kept],
                         f'the {len(kept)} images of {self.ann_file}')
        if skipped:
            print_log(f'{len(skipped)} of {len(rows)} images in '
                      f'{self.ann_file} are skipped: {first_of(skipped)}',
                      'current', logging.WARNING)
        return kept

    def __getitem__(self, idx):
        """dict: Packed sample; of another image if this one is unreadable."""
        skipped = []
        for _ in range(self.max_refetch + 1):
            try:
                # mmengine replays NumPy's numbers when it resumes. Without
                # workers the model would draw from torch's generator, too.
                with seeded([np.random.randint(2**31)]):
                    sample = self.prepare_data(idx)
            except SampleError as e:
                skipped.append((e.kind, str(e)))
                idx = self._rand_another()
                continue
            sample['data_samples'].set_metainfo(dict(skipped=skipped))
            return sample
        raise UserError(
            f'{len(skipped)} images of {self.ann_file} in a row cannot be '
            f'read. {skipped[-1][1]}')
