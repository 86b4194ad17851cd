from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from mmseg_clipzs.utils import atomic_write
from mmseg_clipzs.visualization import (
    grouping_sheet,
    heat_map,
    overlay,
    save_mask,
    with_legend,
)


@dataclass
class ZeroShotResult:
    """Prediction for one image.

    Attributes:
        name (str): Stem of the file, or the position of an array.
        photo (ndarray): (H, W, 3) uint8 RGB, the input image.
        mask (ndarray): (H, W) int64, indices into ``classes``.
        make_scores (Callable): () -> ``scores``.
        classes (Sequence[str]): C names.
        palette (Sequence): C RGB colours.
        groups (ndarray, optional): (stages, H, W) int64, groups of GroupViT
            after each stage, if requested.
    """
    name: str
    photo: np.ndarray = field(repr=False)
    mask: np.ndarray = field(repr=False)
    make_scores: Callable = field(repr=False)
    classes: Sequence[str]
    palette: Sequence = field(repr=False)
    groups: np.ndarray | None = field(default=None, repr=False)

    @cached_property
    def scores(self):
        """ndarray: (C, H, W) float32, probability of each class.

        It is that of the class's best word; for mmseg's models the softmax of
        their scores.

        Computed on first access.
        """
        return self.make_scores()

    def picture(self):
        """ndarray: (H', W', 3) uint8 RGB, the overlay with a legend."""
        return with_legend(overlay(self.photo, self.mask, self.palette),
                           self.mask, self.classes, self.palette)

    def save(self, folder, heatmaps=False):
        """Write ``NAME_overlay.png`` and ``NAME_mask.png`` (class indices).

        For GroupViT also ``NAME_groups.png``, if groups were requested.

        Args:
            folder (str | Path): Created if missing.
            heatmaps (bool): Also write ``NAME_heat_INDEX_CLASS.png`` for each
                class.

        Returns:
            list[Path]: The files.
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
                safe = ''.join(c if c.isalnum() else '_' for c in name[:40])
                images[f'heat_{i}_{safe}'] = heat_map(self.photo, score)
        written = []
        for what, image in images.items():
            path = folder / f'{self.name}_{what}.png'
            with atomic_write(path) as temporary:
                Image.fromarray(image).save(temporary)
            written.append(path)
        path = folder / f'{self.name}_mask.png'
        with atomic_write(path) as temporary:
            save_mask(temporary, self.mask, self.palette)
        return written + [path]
