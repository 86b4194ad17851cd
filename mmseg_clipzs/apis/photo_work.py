"""What is done with each photo of a folder."""
import os

import numpy as np
import torch

from mmseg_clipzs.datasets.images import SampleError
from mmseg_clipzs.utils import NotOursError, shown

from .photos import Photo
from .zero_shot_result import ZeroShotResult

_MEMORY = '[enforce fail at alloc_cpu'  # beginning of PyTorch's error


class PhotoWork:
    """Segments photos and writes their results.

    Args:
        photos (mmseg_clipzs.folders.Photos): All photos.
        segment (Callable): See ``ZeroShotInferencer.segmenter``.
        formats (Sequence[Format]): What to write.
        on_photo (Callable, optional): Called with each line of results.
        palette (list, optional): C RGB colours in place of the results'.
    """

    def __init__(self, photos, segment, formats, on_photo=None,
                 palette=None):
        self._photos, self._compute = photos, segment
        self._palette = palette
        self._formats, self._on_photo = formats, on_photo

    def segment(self, block):
        """Segment photos together.

        Args:
            block (Sequence[int]): Their indices.

        Returns:
            list[tuple]: For :meth:`write`: index, status of the file, and the
            result or the error of each.
        """
        # Before they are read: a photo may change meanwhile.
        stats = [_stat(self._photos.paths[i]) for i in block]
        return [*zip(block, stats, self._segment(list(map(
            self._photo, block))))]

    def _photo(self, i):
        """tuple[Photo, str]: The photo and its name."""
        name, photo = self._photos.name(i), Photo(self._photos.paths[i], i)
        try:
            for each in self._formats:
                each.check(name)
        except (NotOursError, SampleError) as e:
            photo.error = e
        return photo, name

    def _segment(self, photos):
        """list: A result or an error of each photo."""
        try:
            return self._compute(photos)
        except (MemoryError, RuntimeError) as e:
            if not isinstance(e, (MemoryError, torch.OutOfMemoryError)) and (
                    not str(e).startswith(_MEMORY)):
                raise
            error = str(e).partition('\n')[0][:200]
        if len(photos) == 1:
            return [SampleError(f'{shown(photos[0][0].source)} needs more '
                                f'memory than there is: {error}')]
        return [self._segment([photo])[0] for photo in photos]

    def write(self, item):
        """Write the files of a photo.

        Args:
            item (tuple): An item of :meth:`segment`; None does nothing.

        Returns:
            dict | None: Its line of ``results.jsonl``.

        Raises:
            UserError: The folder cannot be written, or the disk is full.
        """
        if item is None:
            return None
        i, stat, result = item
        head = dict(source=self._photos.paths[i], name=self._photos.name(i))
        written = []
        if isinstance(result, ZeroShotResult):
            if self._palette is not None:
                result.palette = self._palette
            try:
                written = [each.write(result) for each in self._formats]
            except (NotOursError, SampleError) as e:
                result = e
        if not isinstance(result, ZeroShotResult):
            return {**head, 'error': str(result)}
        more = {}
        for each in written:
            more.update(each)
        height, width = result.mask.shape
        line = {**head, 'bytes': stat.st_size, 'modified': stat.st_mtime_ns,
                'width': width, 'height': height,
                'classes': class_records(result), **more,
                'files': [file for each in written for file in each['files']]}
        if self._on_photo:
            self._on_photo(line)
        return line


def class_records(result):
    """Describe the classes that occur in a result.

    Args:
        result (ZeroShotResult): The result.

    Returns:
        list[dict]: index, name, color (RGB in [0, 255]), share (of all pixels,
        in (0, 1]) and confidence (mean probability of its pixels in [0, 1], or
        None) of each, by index.
    """
    labels = result.mask.ravel()
    known = labels < len(result.classes)
    confidence, sums = result.confidence, None
    pixels = np.bincount(labels[known])
    if confidence is not None:
        sums = np.bincount(labels[known], confidence.ravel()[known])
    return [dict(
        index=int(i), name=result.classes[i],
        color=[int(value) for value in result.palette[i]],
        share=float(f'{pixels[i] / labels.size:.6g}'),
        confidence=None if sums is None else float(
            f'{sums[i] / pixels[i]:.4f}'))
        for i in np.flatnonzero(pixels)]


def _stat(path):
    """os.stat_result | None: None where reading it says why."""
    try:
        return os.stat(path)
    except (OSError, ValueError):
        return None
