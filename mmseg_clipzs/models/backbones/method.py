"""What the methods of :class:`.ClipViT` get and return."""
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch

PADDING = 2**31 - 1


@dataclass(frozen=True)
class View:
    """What a method may look at beside CLIP's tokens.

    Attributes:
        images (Tensor): (N, 3, H, W) float, CLIP-normalised, padded to the
            patch grid.
        proxy (Tensor | None): (N, C, I, J) patch features of the second
            network, of the kind that the method's ``proxy_part`` names.
        regions (Tensor | None): (N, H, W) int64, 0 = no region; padding is a
            region of its own, ``PADDING``.
    """
    images: torch.Tensor
    proxy: torch.Tensor | None = None
    regions: torch.Tensor | None = None


class Dense(NamedTuple):
    """Result of a method.

    Attributes:
        patches (Tensor): (N, h * w, C), row-major.
        grid (tuple[int]): (h, w) of ``patches``, which may be another
            network's.
        keys (Tensor | None): (N, L, C), the last block's keys on CLIP's grid.
        is_normed (bool): Whether ``ln_post`` has been applied.
        refine (Callable | None): For methods that look at the predictions:
            label map (N, h, w) int64 of ``grid`` -> patches (N, h * w, C) of
            a second pass, before ``ln_post``. To be copied and pickled: a
            ``partial`` of a method.
    """
    patches: torch.Tensor
    grid: tuple[int, int]
    keys: torch.Tensor | None = None
    is_normed: bool = False
    refine: Callable | None = None


@dataclass(frozen=True)
class SecondPass:
    """The last output of a backbone that wants to see its predictions.

    The segmentor makes a label map of the words from the scores of the other
    outputs, as the attributes say, and scores what :meth:`run` returns in
    place of the first output; see :func:`.second_pass.label_patches`.

    Attributes:
        run (Callable): Label map (N, h, w) int64 -> features (N, D, h, w) as
            the backbone's first output. Copied with the backbone, it is that
            of the copy.
        images (Tensor): (N, 3, H, W) float, what the patches were cut from.
        patch_size (tuple[int]): (height, width) in pixels.
        threshold (float): Pixels whose best word has a lower probability are
            labelled as word 0.
        pamr (bool): Refine the scores along the edges of the images first.
    """
    run: Callable
    images: torch.Tensor
    patch_size: tuple[int, int]
    threshold: float
    pamr: bool
