"""The images to segment: files, folders, arrays and PIL images."""
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from mmseg_clipzs.datasets import is_result
from mmseg_clipzs.datasets.images import (
    ImageReadError,
    read_visible,
    split_transparent,
)
from mmseg_clipzs.folders.names import (
    candidates,
    digest,
    same_file,
    unique_levels,
)
from mmseg_clipzs.folders.walk import Walk
from mmseg_clipzs.utils import UserError, shown

from .arrays import is_array, read_array

_TAKEN = ('a file, a folder, an array (H, W, 3), a tensor (3, H, W), a PIL '
          'image, or a list or generator of these')
_ADDRESS = re.compile(r'[A-Za-z][A-Za-z0-9+.-]+://')


class Photo:
    """One image that may be segmented.

    Args:
        source (str | PathLike | ndarray | Tensor | PIL.Image.Image): What was
            given.
        position (int): Its position among all images, from 0.
        error (UserError, optional): Why it cannot be an image.
        start (int, optional): Where in its path the name of the results
            begins; by default with the file's name.

    Attributes:
        path (Path, optional): Its file.
        repeat (int): How often this file was given before it.
    """

    def __init__(self, source, position, error=None, start=None):
        self.source, self.position, self.error = source, position, error
        file = getattr(source, 'filename', None) if isinstance(
            source, Image.Image) else source
        is_path = isinstance(file, (str, os.PathLike)) and str(file)
        self.path = Path(file) if is_path else None
        self.start = len(os.path.dirname(self.path or '')) if (
            start is None) else start
        self.repeat = 0

    def read(self):
        """Read the image; see :meth:`read_visible`.

        Returns:
            ndarray: (H, W, 3) uint8 RGB.
        """
        return self.read_visible()[0]

    def read_visible(self):
        """Read the image, and which of its pixels are transparent.

        Returns:
            tuple: (H, W, 3) uint8 RGB, and (H, W) bool or None; see
            :func:`~mmseg_clipzs.datasets.images.split_transparent`.

        Raises:
            ImageReadError: It is missing, damaged, or no image.
        """
        source, which = self.source, f'Image {self.position}'
        if self.error:
            raise self.error
        if is_array(source):
            source = read_array(source, which)
        if isinstance(source, np.ndarray):
            return source, None
        if isinstance(source, Image.Image):
            try:
                return split_transparent(source)
            except UserError as e:
                raise ImageReadError(f'{which} {e}') from e
            except Exception as e:  # decoders raise all kinds of errors
                raise ImageReadError(
                    f'{which}, a PIL image, cannot be read: {e}.') from e
        if not isinstance(source, (str, os.PathLike)) or not str(source):
            kind = (repr(source) if isinstance(source, str) else
                    f'a {type(source).__name__}')
            raise ImageReadError(f'{which} is {kind}; expected {_TAKEN}.')
        if _ADDRESS.match(str(source)) and not os.path.exists(source):
            raise ImageReadError(
                f'{shown(source)} is an address; download the image first.')
        if is_result(self.path):
            raise ImageReadError(f'{shown(source)} is a result of this tool.')
        return read_visible(source)

    @cached_property
    def names(self):
        """list[str]: Names for results, from short to surely unique."""
        if self.error:
            return ['']  # it has no results
        if self.path is None:
            number = str(self.position)
            return [number, f'array_{number}',
                    f'array_{number}-{digest(number):016x}']
        end = f'_{self.repeat + 1}' * bool(self.repeat)
        return [name + end for name in candidates(str(self.path), self.start)]


class Photos:
    """All images that were given, in order, with a unique name for each.

    Names do not depend on the order of the images, nor on whether the file
    system tells upper from lower case: all images whose short names meet get
    longer ones. Those of a generator are not known before: the first keeps
    the short name.

    Args:
        given: See :class:`~mmseg_clipzs.apis.ZeroShotInferencer`.

    Attributes:
        results (int): Files left out because they are results.
    """

    def __init__(self, given):
        self.results = 0
        one = isinstance(given, (
            str, bytes, dict, os.PathLike, np.ndarray, Image.Image)
        ) or not isinstance(given, Iterable) or hasattr(given, 'numpy')
        self._given = [given] if one else given
        self._listed = None
        if not isinstance(given, Iterator):
            self._listed = list(self._expand())
            if not self._listed:
                raise UserError(f'No images in {shown(given)}.')
            self._names = unique_names(self._listed)

    def __len__(self):
        """int: Number of images.

        Raises:
            TypeError: It is not known, of a generator.
        """
        if not self.are_listed:
            raise TypeError('A generator has no length.')
        return len(self._listed)

    @property
    def are_listed(self):
        """bool: Whether all images were given at once."""
        return self._listed is not None

    def __iter__(self):
        """Yields: tuple[Photo, str]: Each image and its name."""
        if self.are_listed:
            yield from zip(self._listed, self._names)
            return
        taken = set()
        for photo in self._expand():
            name = next((name for name in photo.names
                         if same_file(name) not in taken), photo.names[-1])
            taken.add(same_file(name))
            yield photo, name

    def _expand(self):
        """Yields: Photo: With folders replaced by their images."""
        position, seen = 0, Counter()
        for source in self._given:
            for each, error, start in self._images(source):
                photo = Photo(each, position, error, start)
                if photo.path is not None:
                    where = os.path.abspath(photo.path)
                    photo.repeat = seen[where]
                    seen[where] += 1
                yield photo
                position += 1

    def _images(self, source):
        """Yields: tuple: An image, why it cannot be one, start of its name."""
        if not isinstance(source, (str, os.PathLike)) or not str(source):
            yield source, None, None
        elif os.path.isdir(source):  # Path.is_dir raises for a long name
            walk = Walk()
            start = len(os.path.join(source, ''))
            for path, error in walk.folder(os.fspath(source)):
                yield Path(path), error and ImageReadError(error), start
            self.results += walk.left_out['results']
        elif is_result(Path(source)) and len(self._given) > 1:
            self.results += 1  # as of *.png in the folder of the results
        else:
            yield source, None, None


def none_readable(failed, count=None):
    """UserError: No image could be segmented.

    Args:
        failed (Sequence[str]): A sentence for each, or for the first ones.
        count (int, optional): How many there are; by default that many.
    """
    count = count or len(failed)
    return UserError(failed[0] if count == 1 else (
        f'None of the {count} images can be segmented. {failed[0]}'
        if failed else 'No images were given.'))


def unique_names(photos):
    """Name the results of images.

    Args:
        photos (Sequence[Photo]): All images.

    Returns:
        list[str]: A name for each, in the order of the images.
    """
    def name(i, level):
        names = photos[i].names
        return names[level] if level < len(names) else None

    levels = unique_levels(len(photos), name)
    return [name(i, levels.get(i, 0)) for i in range(len(photos))]
