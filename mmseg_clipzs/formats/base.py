"""What all ways of writing results have in common."""
from pathlib import Path

import numpy as np

from mmseg_clipzs.utils import check_replaceable
from mmseg_clipzs.vocabularies import BACKGROUND

README = 'README.txt'  # in the folders of formats, which it marks


class Format:
    """A way of writing results to a folder.

    Photos are written one by one, in any order and by any number of
    processes; what is of the whole folder comes last and needs no photo again.
    A photo's name may have folders in it, as ``sub/cat``.

    Args:
        folder (str | Path): Created if missing.
        classes (Sequence[str]): C names.
        palette (Sequence): C RGB colours in [0, 255].

    Raises:
        UserError: What the format cannot hold, such as too many classes.
    """

    def __init__(self, folder, classes, palette):
        self.folder = Path(folder)
        self.classes, self.palette = classes, palette

    def paths(self, name):
        """Name the files that :meth:`write` may write; nothing is read.

        Args:
            name (str): Name of a photo, with '/' between folders.

        Returns:
            list[Path]: The files; no other photo has one of them.
        """
        raise NotImplementedError

    def check_root(self):
        """Look for files in the way of the whole folder, before all photos.

        Raises:
            NotOursError: The format's own folder was not written by this
                package.
        """

    def check(self, name):
        """Look for files in the way, before a photo is segmented.

        Args:
            name (str): Name of the photo.

        Raises:
            NotOursError: A file of :meth:`paths` exists that this package did
                not write.
        """
        check_replaceable(*self.paths(name))

    def write(self, result):
        """Write the files of one photo, each of them whole or not at all.

        Args:
            result (ZeroShotResult): The result, with this format's classes.

        Returns:
            dict: ``files``, the paths that were written, relative to the
            folder, with '/'. It may hold more, under the format's own name,
            that :meth:`finish` needs; all of it can be written as JSON.

        Raises:
            SampleError: The format cannot hold this photo.
            UserError: The folder cannot be written, or the disk is full.
        """
        raise NotImplementedError

    def finish(self, records, errors=()):
        """Write the files of the whole folder, when all photos are done.

        Args:
            records (Iterable[dict]): For each photo that has results its
                ``source``, ``name``, ``width`` and ``height`` with what
                :meth:`write` returned, in the order of the photos.
            errors (Iterable[str]): Why other photos have no results.

        Returns:
            list[Path]: The files.

        Raises:
            NotOursError: A file is in the way that this package did not write.
            UserError: The folder cannot be written, or the disk is full.
        """
        return []

    def can_finish(self, record):
        """Check a line of a file that others may have changed.

        Args:
            record (dict): What :meth:`finish` may get.

        Returns:
            bool: Whether :meth:`finish` can use it.
        """
        return True

    def relative(self, *paths):
        """list[str]: Paths below the folder as :meth:`write` returns them."""
        return [path.relative_to(self.folder).as_posix() for path in paths]


def file_text(name):
    """str: The beginning of a class name, as part of a file's name.

    Args:
        name (str): The class name.
    """
    return ''.join(c if c.isalnum() else '_' for c in name[:40])


def foreground(classes):
    """list[int]: The classes that are objects of a labelling tool.

    The background is none: there, pixels of no class are the background.

    Args:
        classes (Sequence[str]): Class names.
    """
    return [i for i, name in enumerate(classes) if name != BACKGROUND]


def occurring(mask, classes):
    """Find the classes of a label map.

    Args:
        mask (ndarray): (H, W) class indices, or ignored pixels.
        classes (Sequence[int]): Those to look for.

    Yields:
        tuple: Position in ``classes``, index, and (H, W) bool, of each class
        that occurs.
    """
    pixels = np.bincount(mask.ravel(), minlength=max(classes, default=0) + 1)
    for position, index in enumerate(classes):
        if pixels[index]:
            yield position, index, mask == index
