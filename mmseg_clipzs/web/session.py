"""What belongs to one visitor, and to nobody else."""
import copy
import os
import secrets
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mmseg_clipzs.datasets.images import read_visible
from mmseg_clipzs.utils import UserError, time_limit
from mmseg_clipzs.visualization import Style
from mmseg_clipzs.vocabularies import get_vocabulary

from .answers import shown_photo
from .catalogue import Choice
from .reproduce import file_name


@dataclass(frozen=True)
class Asked:
    """What a visitor wants to know of a photo.

    Attributes:
        choice (Choice): Method and CLIP, of the catalogue.
        classes (tuple[str]): 'grass, lawn' for each class.
        background (str | float | None): As of :class:`.ZeroShotInferencer`.
        colours (tuple): RGB of each class; by default the project's. They
            take no computing.
        texts (tuple[str]): Of the row of each class, by which the browser
            knows it; likewise.
    """
    choice: Choice
    classes: tuple[str, ...]
    background: str | float | None = None
    colours: tuple = field(default=(), compare=False)
    texts: tuple[str, ...] = field(default=(), compare=False)

    @property
    def names(self):
        """tuple[str]: Of the classes, in the order of their rows."""
        return get_vocabulary(self.classes).classes


@dataclass(frozen=True)
class Photo:
    """A visitor's photo.

    Attributes:
        key (str): Tells it from all other photos.
        path (Path): The session's copy of the file, by its own name.
        shown (dict): See :func:`.shown_photo`.
    """
    key: str
    path: Path
    shown: dict = field(repr=False)


class Session:
    """A visitor's photo and files.

    Features and results are kept as long as there is memory for them, and
    computed again otherwise: always those of what was :class:`Asked`.

    Args:
        folder (Path): A new one for the visitor's files.
        kept (Kept): Memory for all sessions.
        limits (Limits): What a visitor may ask for.

    Attributes:
        photo (Photo | None): The photo that words are tried on.
        shown (tuple[Asked]): What the page shows.
        heat (str | None): The class whose heat map it shows.
        opacity (float): Of its colours over the photo, in [0, 1].
        taken (Path | None): Folder of the last file to take away.
        used (float): Time of the clock when the visitor last came.
        forgotten (int): How often the visitor has said "Forget my photo".
        lost (str): Why a photo that the visitor had is no longer here; '' if
            there was none.
    """

    def __init__(self, folder, kept, limits, lost=''):
        self.photo, self.shown, self.used = None, (), 0.
        self.forgotten, self.lost = 0, lost
        self.heat, self.opacity, self.taken = None, Style.opacity, None
        self._folder, self._kept, self._limits = folder, kept, limits
        self._is_closed = False

    def set_photo(self, path, name=None):
        """Replace the photo.

        Args:
            path (str | Path): A file, of which the session makes a copy.
            name (str, optional): What the visitor calls it.

        Raises:
            UserError: It is too large, or no image that can be read; the
                photo before stays.
        """
        path, name = Path(path), file_name(name or os.path.basename(path))
        self._limits.check_file(path.stat().st_size)
        content = path.read_bytes()
        self._limits.check_pixels(content)
        image, _ = read_visible(name, content)
        key = secrets.token_hex(8)
        with self.new_folder() as folder:
            own = folder / name
            own.write_bytes(content)
            before, self.photo = self.photo, Photo(
                key, own, shown_photo(image, key))
            self.shown = ()
        self._kept.drop(self)
        if before is not None:
            shutil.rmtree(before.path.parent, ignore_errors=True)

    def result(self, models, asked):
        """Segment the photo, or find the result that was computed before.

        Args:
            models (Models): Those of the page.
            asked (Asked): The question.

        Returns:
            ZeroShotResult: The answer, with the colours that were asked for.

        Raises:
            UserError: No photo, unusable words, or the time is up.
        """
        photo = self.photo
        if photo is None:
            raise UserError(self.lost or 'Choose a photo first.')
        key = photo.key, asked
        result = self._kept.get(self, key)
        if result is None:
            with time_limit(self._limits.seconds):
                result = models.predict(
                    asked.choice, self._encoded(models, asked.choice, photo),
                    asked.classes, asked.background)
                _ = result.confidence  # computed once, within the time
            self._keep(key, result, result.nbytes)
        return _recoloured(result, asked)

    @contextmanager
    def new_folder(self):
        """Make a folder for files.

        It goes when the session is forgotten, at the latest.

        Yields:
            Path: It is empty.
        """
        folder = self._folder / secrets.token_hex(8)
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            self._remove_if_closed()  # meanwhile

    def close(self, why=''):
        """Forget the photo, and all that is known of it.

        Args:
            why (str): See ``lost``.
        """
        self._is_closed, self.lost = True, why
        self._remove_if_closed()

    def _encoded(self, models, choice, photo):
        key = photo.key, choice
        encoded = self._kept.get(self, key)
        if encoded is None:
            encoded = models.encode(choice, photo.path)
            self._keep(key, encoded, encoded.nbytes)
        return encoded

    def _keep(self, key, value, nbytes):
        self._kept.put(self, key, value, nbytes)
        self._remove_if_closed()

    def _remove_if_closed(self):
        if self._is_closed:
            self.photo, self.shown = None, ()
            self._kept.drop(self)
            shutil.rmtree(self._folder, ignore_errors=True)


def _recoloured(result, asked):
    if not asked.colours:
        return result
    chosen = dict(zip(asked.names, asked.colours))
    result = copy.copy(result)  # with what it has computed
    result.palette = [chosen.get(name, colour) for name, colour in zip(
        result.classes, result.palette)]
    return result
