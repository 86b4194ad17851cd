import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from mmseg_clipzs.utils import atomic_write, check_replaceable
from mmseg_clipzs.visualization import (
    Style,
    grouping_sheet,
    heat_map,
    picture,
    save_image,
    save_mask,
)

_MOST = 255  # bytes of a file's name


@dataclass
class ZeroShotResult:
    """Prediction for one image.

    Attributes:
        name (str): Stem of the file, or the position of an array; longer
            where two images would have the same.
        photo (ndarray): (H, W, 3) uint8 RGB, the input image.
        mask (ndarray): (H, W) int64, indices into ``classes``.
        make_scores (Callable): () -> ``scores``.
        classes (Sequence[str]): C names.
        palette (Sequence): C RGB colours.
        groups (ndarray, optional): (stages, H, W) int64, groups of GroupViT
            after each stage, if requested.
        path (Path, optional): The image's file.
    """
    name: str
    photo: np.ndarray = field(repr=False)
    mask: np.ndarray = field(repr=False)
    make_scores: Callable = field(repr=False)
    classes: Sequence[str]
    palette: Sequence = field(repr=False)
    groups: np.ndarray | None = field(default=None, repr=False)
    path: Path | None = None

    @cached_property
    def scores(self):
        """ndarray: (C, H, W) float32, probability of each class.

        It is that of the class's best word; for mmseg's models the softmax of
        their scores.

        Computed on first access.
        """
        return self.make_scores()

    def picture(self, style=None):
        """ndarray: (H', W', 3) uint8 RGB, the overlay with a legend."""
        return picture(self.photo, self.mask, self.classes, self.palette,
                       style or Style())

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
        folder = Path(folder)
        images = {'overlay': self.picture()}
        if self.groups is not None:
            images['groups'] = grouping_sheet(
                self.photo, self.groups, self.mask, self.classes,
                self.palette)
        if heatmaps:
            for i, (name, score) in enumerate(
                    zip(self.classes, self.scores)):
                images[self._heat_map(i, name)] = heat_map(self.photo, score)
        paths = {what: folder / f'{self.name}_{what}.png'
                 for what in [*images, 'mask']}
        check_replaceable(*paths.values())
        for what, image in images.items():
            with atomic_write(paths[what]) as temporary:
                save_image(temporary, Image.fromarray(image))
        with atomic_write(paths['mask']) as temporary:
            save_mask(temporary, self.mask, self.palette)
        return list(paths.values())

    def _heat_map(self, index, name):
        """str: End of a heat map's name, which fits the file system."""
        room = _MOST - len(os.fsencode(f'{self.name}_heat_{index}_.png'))
        safe = ''.join(c if c.isalnum() else '_' for c in name[:40])
        safe = safe.encode()[:max(room, 0)].decode('utf-8', 'ignore')
        return f'heat_{index}_{safe}'
