"""The images to segment: files, folders, arrays and PIL images."""
import hashlib
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from mmseg_clipzs.datasets import find_images, is_result, read_image
from mmseg_clipzs.datasets.images import ImageReadError, to_rgb
from mmseg_clipzs.utils import UserError, shown

from .arrays import is_array, read_array

_TAKEN = ('a file, a folder, an array (H, W, 3), a tensor (3, H, W), a PIL '
          'image, or a list or generator of these')
_ADDRESS = re.compile(r'[A-Za-z][A-Za-z0-9+.-]+://')
_MOST = 235  # bytes of a name; file systems allow 255 with _overlay.png


class Photo:
    """One image that may be segmented.

    Args:
        source (str | PathLike | ndarray | Tensor | PIL.Image.Image): What was
            given.
        position (int): Its position among all images, from 0.
        error (ImageReadError, optional): Why it cannot be an image.

    Attributes:
        path (Path, optional): Its file.
        repeat (int): How often this file was given before it.
    """

    def __init__(self, source, position, error=None):
        self.source, self.position, self.error = source, position, error
        file = getattr(source, 'filename', None) if isinstance(
            source, Image.Image) else source
        is_path = isinstance(file, (str, os.PathLike)) and str(file)
        self.path = Path(file) if is_path else None
        self.repeat = 0

    def read(self):
        """Read the image.

        Returns:
            ndarray: (H, W, 3) uint8 RGB.

        Raises:
            ImageReadError: It is missing, damaged, or no image.
        """
        source, which = self.source, f'Image {self.position}'
        if self.error:
            raise self.error
        if is_array(source):
            source = read_array(source, which)
        if isinstance(source, np.ndarray):
            return source
        if isinstance(source, Image.Image):
            try:
                return to_rgb(source)
            except UserError as e:
                raise ImageReadError(f'{which} {e}') from e
            except Exception as e:  # decoders raise all kinds of errors
                raise ImageReadError(
                    f'{which}, a PIL image, cannot be read: {e}.') from e
        if not isinstance(source, (str, os.PathLike)) or not str(source):
            kind = (repr(source) if isinstance(source, str) else
                    f'a {type(source).__name__}')
            raise ImageReadError(f'{which} is {kind}; expected {_TAKEN}.')
        if _ADDRESS.match(str(source)) and not self.path.exists():
            raise ImageReadError(
                f'{shown(source)} is an address; download the image first.')
        if is_result(self.path):
            raise ImageReadError(f'{shown(source)} is a result of this tool.')
        return read_image(source)

    @cached_property
    def names(self):
        """list[str]: Names for results, from short to surely unique."""
        if self.error:
            return ['']  # it has no results
        if self.path is None:
            number = str(self.position)
            return [number, f'array_{number}', f'array_{number}-{_hash(self)}']
        path = self.path
        end = f'_{self.repeat + 1}' * bool(self.repeat)
        return [_fit(name) + end for name in (
            path.stem, path.name, f'{path.absolute().parent.name}_{path.name}',
            f'{path.stem}-{_hash(path.absolute())}')]


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
                         if _key(name) not in taken), photo.names[-1])
            taken.add(_key(name))
            yield photo, name

    def require_readable(self):
        """Look for an image that can be read, before a model is loaded.

        Raises:
            UserError: There is none.
        """
        failed = []
        for photo in self._listed:
            try:
                photo.read()
                return
            except ImageReadError as e:
                failed.append(str(e))
        raise none_readable(failed)

    def _expand(self):
        """Yields: Photo: With folders replaced by their images."""
        position, seen = 0, Counter()
        for source in self._given:
            for each, error in self._images(source):
                photo = Photo(each, position, error)
                if photo.path is not None:
                    where = os.path.abspath(photo.path)
                    photo.repeat = seen[where]
                    seen[where] += 1
                yield photo
                position += 1

    def _images(self, source):
        """Yields: Sources, and why each cannot be an image, or None."""
        if not isinstance(source, (str, os.PathLike)) or not str(source):
            yield source, None
        elif Path(source).is_dir():
            found, errors = find_images(source)
            yield from ((path, None) for path in found)
            yield from ((None, error) for error in errors)
        elif is_result(Path(source)) and len(self._given) > 1:
            self.results += 1  # as of *.png in the folder of the results
        else:
            yield source, None


def none_readable(failed):
    """UserError: No image could be segmented.

    Args:
        failed (Sequence[str]): A sentence for each.
    """
    return UserError(failed[0] if len(failed) == 1 else (
        f'None of the {len(failed)} images can be segmented. '
        f'{failed[0]}' if failed else 'No images were given.'))


def unique_names(photos):
    """Name the results of images.

    Args:
        photos (Sequence[Photo]): All images.

    Returns:
        list[str]: A name for each, in the order of the images.
    """
    levels = [0] * len(photos)
    while True:
        names = [photo.names[level] for photo, level in zip(photos, levels)]
        count = Counter(map(_key, names))
        clashing = [i for i, name in enumerate(names)
                    if name and count[_key(name)] > 1
                    and levels[i] + 1 < len(photos[i].names)]
        if not clashing:
            return names
        for i in clashing:
            levels[i] += 1


def _key(name):
    """What file systems and the names of heat maps make equal."""
    name = unicodedata.normalize('NFC', name).casefold()
    return re.sub(r'_heat_\d+$', '', name)


def _hash(source):
    text = str(getattr(source, 'position', source))
    return hashlib.sha256(
        text.encode('utf-8', 'surrogateescape')).hexdigest()[:16]


def _fit(name):
    """Shorten a name that would be too long for a file with its endings."""
    raw = os.fsencode(name)
    if len(raw) <= _MOST:
        return name
    return f'{raw[:_MOST - 17].decode("utf-8", "ignore")}-{_hash(name)}'
