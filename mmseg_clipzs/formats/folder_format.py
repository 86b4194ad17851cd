import os

from mmseg_clipzs.utils import (
    MARK,
    NotOursError,
    atomic_write,
    is_ours,
    shown,
)
from mmseg_clipzs.utils.temporary import PREFIX

from .base import README, Format


class FolderFormat(Format):
    """A format with a folder of its own: ``FOLDER/NAME_OF_FORMAT``.

    Its README.txt says what to do with it, and that this package wrote the
    files around it, some of which cannot say so themselves. No photos are
    searched in a folder with it, apart from one that is named.

    Args:
        folder, classes, palette: See :class:`Format`.

    Attributes:
        name (str): Name of the format.
        root (Path): Its folder.
        readme (str): A few lines for README.txt.
    """
    name, readme = '', ''

    def __init__(self, folder, classes, palette):
        super().__init__(folder, classes, palette)
        self.root = self.folder / self.name

    def check(self, name):
        self.check_root()

    def check_root(self):
        """Raises: NotOursError: The folder is of others."""
        # First what is there: another thread or process may begin meanwhile.
        there = self.root.exists() and (not self.root.is_dir() or any(
            not each.startswith(PREFIX) for each in os.listdir(self.root)))
        if there and not is_ours(self.root / README):
            raise NotOursError(
                f'{shown(self.root)} exists and was not written by this tool, '
                'so it is left alone: choose another place for the results, '
                'or move it away.')

    def begin(self):
        """Write README.txt, which comes before all other files."""
        path = self.root / README
        if not path.exists():
            self.put_text(path, f'{MARK}.\n\n{self.readme}')

    @staticmethod
    def put_text(path, text):
        """Write a text; names of files in it keep their bytes."""
        with atomic_write(path) as temporary:
            temporary.write_bytes(text.encode('utf-8', 'surrogateescape'))
