from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from mmseg_clipzs.formats import make_formats
from mmseg_clipzs.formats.dataset_format import jpeg_of
from mmseg_clipzs.labels import ignore_index
from mmseg_clipzs.visualization import Style, picture

from .detections import to_detections


@dataclass
class ZeroShotResult:
    """Prediction for one image.

    Attributes:
        name (str): Stem of the file, or the position of an array; longer
            where two images would have the same.
        photo (ndarray): (H, W, 3) uint8 RGB, the input image.
        mask (ndarray): (H, W) int64, indices into ``classes``; 255 where
            pixels are ignored, 65535 with more than 255 classes.
        make_scores (Callable): () -> ``scores``.
        classes (Sequence[str]): C names.
        palette (Sequence): C RGB colours.
        groups (ndarray, optional): (stages, H, W) int64, groups of GroupViT
            after each stage, if requested.
        path (Path, optional): The image's file.
        make_confidence (Callable, optional): (H, W) int64 labels, all below C
            -> their probabilities; None if there are none.
        source_bytes (int): Memory of what these two compute from.
    """
    name: str
    photo: np.ndarray = field(repr=False)
    mask: np.ndarray = field(repr=False)
    make_scores: Callable = field(repr=False)
    classes: Sequence[str]
    palette: Sequence = field(repr=False)
    groups: np.ndarray | None = field(default=None, repr=False)
    path: Path | None = None
    make_confidence: Callable | None = field(default=None, repr=False)
    source_bytes: int = field(default=0, repr=False)

    @property
    def nbytes(self):
        """int: Memory in bytes, without the photo and scores that are read.

        That of ``confidence`` is counted, whether it is there yet or not.
        """
        confidence = 4 * self.mask.size * (self.make_confidence is not None)
        return self.mask.nbytes + confidence + self.source_bytes + getattr(
            self.groups, 'nbytes', 0)

    @cached_property
    def scores(self):
        """ndarray: (C, H, W) float32, probability of each class.

        It is that of the class's best word; for mmseg's models the softmax of
        their scores.

        Computed on first access.
        """
        return self.make_scores()

    @cached_property
    def confidence(self):
        """ndarray | None: (H, W) float32, probability of each pixel's class.

        It is ``scores`` at ``mask``, without the memory of all classes, and 0
        where pixels are ignored. None for exported models, which predict label
        maps only.
        """
        if self.make_confidence is None:
            return None
        known = self.mask < len(self.classes)
        return np.where(known, self.make_confidence(
            np.where(known, self.mask, 0)), np.float32(0))

    @cached_property
    def jpeg(self):
        """bytes | None: The image's file, if it is a JPEG of ``photo``.

        Read on first access, for all formats that hold photos.
        """
        return None if self.path is None else jpeg_of(self.path, self.photo)

    def ignoring(self, pixels):
        """Ignore pixels, such as the transparent ones of the photo.

        Args:
            pixels (ndarray | None): (H, W) bool; None for none.

        Returns:
            ZeroShotResult: With 255 in ``mask`` where they are True (65535
            for more than 255 classes), and scores of 0.
        """
        return self if pixels is None else replace(
            self,
            mask=np.where(pixels, ignore_index(len(self.classes)), self.mask),
            make_scores=lambda: np.where(pixels, np.float32(0), self.scores))

    def picture(self, style=None):
        """Paint the classes over the photo, with a legend.

        Args:
            style (Style, optional): How it looks; see
                :class:`mmseg_clipzs.visualization.Style`.

        Returns:
            ndarray: (H', W', 3) uint8 RGB.
        """
        return picture(self.photo, self.mask, self.classes, self.palette,
                       style or Style())

    def to_detections(self, regions=False, background=False, min_area=1):
        """Convert to ``supervision.Detections``, for its annotators and tools.

        N detections with ``mask`` (N, H, W) bool, ``xyxy`` (N, 4) float32,
        the corner pixels of each mask, ``class_id`` (N, ) int64,
        ``data['class_name']`` (N, ) str, and ``confidence`` (N, ) float32,
        the mean probability over the mask, or None for exported models.
        Ignored pixels are in none.

        Args:
            regions (bool): A detection for each connected region (of eight
                neighbours) of a class, rather than one for each class found.
                Objects that touch are one region.
            background (bool): Also one of the class "background".
            min_area (int): Leave out detections of fewer pixels.

        Returns:
            supervision.Detections: In the order of the classes.

        Raises:
            UserError: ``supervision`` is not installed; options of another
                type.
        """
        return to_detections(self, regions, background, min_area)

    def save(self, folder, heatmaps=False):
        """Write ``NAME_overlay.png`` and ``NAME_mask.png`` (class indices).

        For GroupViT also ``NAME_groups.png``, if groups were requested.

        Args:
            folder (str | Path): Created if missing.
            heatmaps (bool): Also write ``NAME_heat_INDEX_CLASS.png`` for each
                class.

        Returns:
            list[Path]: The files.

        Raises:
            NotOursError: A file of that name is no result of this package;
                nothing is written.
            UserError: The folder cannot be written, or the disk is full.
        """
        names = ['overlay', 'groups', *['heatmaps'] * heatmaps, 'index']
        if self.groups is None:
            names.remove('groups')
        formats = make_formats(names, folder, self.classes, self.palette)
        for each in formats:
            each.check(self.name)
        return [Path(folder) / file for each in formats
                for file in each.write(self)['files']]
