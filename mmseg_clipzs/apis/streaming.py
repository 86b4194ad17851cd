"""Segment any number of images, one batch after the other."""
import logging

from mmengine.logging import print_log
from tqdm import tqdm

from mmseg_clipzs.formats import make_formats
from mmseg_clipzs.utils import (
    NotOursError,
    check_number,
    first_of,
    remove_stale,
)

from .photos import Photos, none_readable
from .saving import work_beside
from .zero_shot_result import ZeroShotResult


class Streaming:
    """Calling an inferencer, which has a :meth:`segmenter`."""

    def __call__(self, photos, classes=None, out_dir=None, heatmaps=False,
                 batch_size=1, skipped=None):
        """Segment images.

        One of several images that cannot be read is skipped; its result is
        missing. A result's ``path`` tells which image it is of.

        Args:
            photos: A file, a folder with its subfolders, an array (H, W, 3), a
                tensor (3, H, W) (others: :func:`.read_array`), a PIL image, or
                a list or generator of these. In folders, hidden files and
                results of this package are left out.
            classes (optional): See ``set_vocabulary``; they stay set.
            out_dir (str | Path, optional): Folder for overlays and masks.
                Files in it that are no results are never replaced.
            heatmaps (bool): Also write a heat map for each class.
            batch_size (int): Images per batch; their sizes may differ.
            skipped (list, optional): Gets a sentence for each skipped image.
                By default a warning names them at the end.

        Returns:
            list[ZeroShotResult]: In the order of the images.

        Raises:
            UserError: No image that can be read, unusable classes, or a
                folder that cannot be written.
        """
        return list(self.stream(photos, classes, out_dir, heatmaps,
                                batch_size, skipped))

    def stream(self, photos, classes=None, out_dir=None, heatmaps=False,
               batch_size=1, skipped=None):
        """Like :meth:`__call__`, but yield results batch by batch.

        For more images than fit into memory. A generator of images is read
        as results are asked for. Of listed images, the next batch is computed
        while files are written; a result comes when its files are complete.

        Yields:
            ZeroShotResult: In the order of the images.
        """
        check_number('batch_size', batch_size, '[1, inf)', int)
        segment = self.segmenter(classes)
        photos, failed, done = Photos(photos), [], 0
        formats = make_formats(
            ('overlay', 'index'), out_dir, (), ()) if out_dir else ()
        if out_dir:
            remove_stale(out_dir)

        def save(result):
            if out_dir and isinstance(result, ZeroShotResult):
                try:
                    result.save(out_dir, heatmaps)
                except NotOursError as e:
                    return e
            return result

        # Heat maps take memory: the next batch comes after them.
        ahead = bool(photos.are_listed and out_dir and not heatmaps)
        for result in work_beside(
                map(segment, _batches(photos, formats, batch_size)), save,
                ahead):
            if not isinstance(result, ZeroShotResult):
                failed.append(str(result))
                continue
            done += 1
            yield result
        if photos.results:
            print_log(f'{photos.results} files are results of earlier runs '
                      'and were left out.', 'current')
        if not done:
            raise none_readable(failed)
        if skipped is not None:
            skipped += failed
        elif failed:
            print_log(f'{len(failed)} of {len(failed) + done} images were '
                      f'skipped: {first_of(failed)}', 'current',
                      logging.WARNING)


def _batches(photos, formats, batch_size):
    """Yields: list[tuple[Photo, str]]: Images and their names."""
    batch = []
    for photo, name in tqdm(
            photos, 'photos', delay=3, disable=None, leave=False):
        try:
            for each in formats:  # before it is segmented
                each.check(name)
        except NotOursError as e:
            photo.error = e
        batch.append((photo, name))
        if len(batch) == batch_size:
            yield batch
            batch = []
    if batch:
        yield batch
