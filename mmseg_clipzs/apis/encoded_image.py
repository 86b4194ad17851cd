"""One image after the image tower, for any number of vocabularies."""
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmseg.structures import SegDataSample


@dataclass(frozen=True)
class EncodedImage:
    """An image and its features, from :meth:`.ZeroShotInferencer.encode`.

    It belongs to nobody: threads and sessions keep as many as they like, and
    asking about one changes neither it nor the model.

    Attributes:
        name (str): Stem of the file, or '0'.
        path (Path | None): The image's file.
        photo (ndarray): (H, W, 3) uint8 RGB.
        transparent (ndarray | None): (H, W) bool, pixels that are ignored.
        sample (SegDataSample): ``metainfo`` of the image, without a result.
        features (EncodedImages): Of the model.
        model (str): Which model's they are.
    """
    name: str
    path: Path | None
    photo: np.ndarray = field(repr=False)
    transparent: np.ndarray | None = field(repr=False)
    sample: SegDataSample = field(repr=False)
    features: Any = field(repr=False)
    model: str

    @cached_property
    def nbytes(self):
        """int: Memory of the photo and the features in bytes."""
        return sum({
            start: size for start, size in _buffers(
                [self.photo, self.transparent, self.features])}.values())


def _buffers(value):
    """Yields: tuple: Address and bytes of each array; some occur twice."""
    if isinstance(value, torch.Tensor):
        storage = value.untyped_storage()
        yield storage.data_ptr(), storage.nbytes()
    elif isinstance(value, np.ndarray):
        yield value.ctypes.data, value.nbytes
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _buffers(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _buffers(each)
    elif dataclasses.is_dataclass(value):
        yield from _buffers([getattr(value, each.name)
                             for each in dataclasses.fields(value)])
    elif hasattr(value, 'args') and hasattr(value, 'keywords'):  # a partial
        yield from _buffers([*value.args, value.keywords])
    elif hasattr(value, 'all_items'):  # an element of mmengine
        yield from _buffers([each for _, each in value.items()])
