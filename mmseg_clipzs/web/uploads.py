"""Files that browsers have sent, until the sessions have their copies."""
import os
import re
import threading
import time
from collections import defaultdict
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import inf
from pathlib import Path

from mmseg_clipzs.utils import UserError

_AGE = 300  # seconds that a file may wait for the question about it
_FOLDER = re.compile('[0-9a-f]{64}')  # of one content


@dataclass
class _Sent:
    """A file that was sent; one for each time.

    Attributes:
        since (float): When.
        session (str | None): That of the visitor, once it is known.
        is_taken (bool): Whether the session has a copy.
    """
    since: float
    session: str | None = None
    is_taken: bool = False


class Uploads:
    """What Gradio has received, and for whom it is still needed.

    Gradio keeps equal files at one place, named after their content: a file
    goes when everybody who has sent it has a copy. Only the paths of
    :meth:`note` are ever read or removed for a visitor, whatever a browser
    sends. Threads may share it.

    Args:
        folder (str | Path): Gradio's.
        limits (Limits): What a visitor may ask for.
        clock (Callable): () -> seconds, of the system's time.
    """

    def __init__(self, folder, limits, clock=time.time):
        self._folder, self._limits, self._clock = Path(folder), limits, clock
        self._lock, self._receiving = threading.Lock(), 0
        self._sent, self._done = defaultdict(list), set()  # by path

    def has_room(self):
        """bool: Whether another file may be sent.

        There is room for one of each visitor. Small files count too.
        """
        most = self._limits.max_bytes
        used = sum(max(_stat(each)[0], most / 100) for each in self._files())
        return used + most * self._receiving < most * self._limits.visitors

    @contextmanager
    def receiving(self):
        """A file comes while the block runs.

        Nothing is removed meanwhile: the same file may have come.
        """
        with self._lock:
            self._receiving += 1
        try:
            yield
        finally:
            with self._lock:
                self._receiving -= 1
            self._remove()

    def note(self, paths):
        """Remember what has come.

        Args:
            paths (list[str]): Where Gradio has put it.

        Returns:
            list[str]: Where it is; see :func:`without_dot`.
        """
        paths = [without_dot(path) for path in paths]
        with self._lock:
            for path in paths:
                self._sent[path].append(_Sent(self._clock()))
        return paths

    def claim(self, key, path):
        """Let a session have a file that has come.

        Args:
            key (str): Of the session.
            path (str): Of :meth:`note`; it comes from a browser.

        Raises:
            UserError: Nothing has come at this path that no other one has.
        """
        with self._lock:
            for whose in key, None:
                for each in self._sent.get(path, ()):
                    if each.session == whose and not each.is_taken:
                        each.session = key
                        return
        raise UserError('The photo is no longer here. Choose it again.')

    def note_copy(self, key, path):
        """A session has a copy of a file that it had claimed."""
        with self._lock:
            for each in self._sent.get(path, ()):
                if each.session == key:
                    each.is_taken = True

    def release(self, key, also_waiting=False):
        """Remove what a session has copies of, unless others need it.

        Args:
            key (str): Of the session.
            also_waiting (bool): Whether it wants nothing else either.
        """
        self._end(lambda each: each.session == key and (
            also_waiting or each.is_taken))

    def sweep(self):
        """Remove what has been here for some minutes, whoever has sent it.

        Nobody has asked about it, or it has come in part.
        """
        end = self._clock() - _AGE
        self._end(lambda each: each.since < end)
        for path in self._files():
            with self._lock:
                if str(path) not in self._sent and _stat(path)[1] < end:
                    path.unlink(missing_ok=True)
        for path in self._folder.iterdir():
            if _FOLDER.fullmatch(path.name) and _stat(path)[1] < end:
                with suppress(OSError):  # not empty
                    path.rmdir()

    def _end(self, condition):
        with self._lock:
            for path, sent in list(self._sent.items()):
                sent[:] = [each for each in sent if not condition(each)]
                if not sent:
                    del self._sent[path]
                    self._done.add(path)
        self._remove()

    def _remove(self):
        with self._lock:
            if self._receiving:
                return
            for path in self._done - set(self._sent):
                Path(path).unlink(missing_ok=True)
            self._done.clear()

    def _files(self):
        """list[Path]: Those that are complete, and those that come."""
        found = []
        for parent, folders, names in os.walk(self._folder):
            folders[:] = filter(_FOLDER.fullmatch, folders)
            found += [Path(parent, name) for name in names]
        return found


def without_dot(path):
    """Rename a file whose name begins with a dot, which Gradio would refuse.

    Args:
        path (str | Path): Of a file.

    Returns:
        str: Its path.
    """
    path = os.fspath(path)
    folder, name = os.path.split(path)
    if not name.startswith('.'):
        return path
    new = os.path.join(folder, f'_{name}')
    try:
        os.replace(path, new)
    except FileNotFoundError:  # sent by two at once: the same content
        if not os.path.exists(new):
            raise
    return new


def _stat(path):
    """tuple[int, float]: Bytes, and when it changed; 0, inf if it is gone."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, inf
    return found.st_size, found.st_mtime
