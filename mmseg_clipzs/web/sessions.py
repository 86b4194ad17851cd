"""The sessions of all visitors."""
import secrets
import threading
import time
from collections import OrderedDict
from contextlib import ExitStack

from mmseg_clipzs.utils import temporary_folder

from .kept import Kept
from .regularly import regularly
from .session import Session

_CROWDED = ('Your photo was forgotten because many others came after you. '
            'Choose it again.')
_IDLE = ('Your photo was forgotten because this page was unused for long. '
         'Choose it again.')


class Sessions:
    """The sessions of all visitors; a context, at whose end none is left.

    Args:
        limits (Limits): How many there are, and for how long.
        parent (str | Path, optional): Where their folder is made; by default
            among the system's temporary files.
        clock (Callable): () -> seconds.
    """

    def __init__(self, limits, parent=None, clock=time.monotonic):
        self._limits, self._clock = limits, clock
        self._sessions, self._lock = {}, threading.Lock()
        self._lost = OrderedDict()  # session -> why
        memory = limits.memory * 1e6
        self.kept = Kept(memory, memory / 4)
        self._stack, self._parent = ExitStack(), parent

    def __enter__(self):
        self._folder = self._stack.enter_context(
            temporary_folder(self._parent))
        self._folder.chmod(0o700)  # visitors' photos
        self._stack.callback(self._forget_if, lambda session: True)
        self._stack.enter_context(regularly(
            self.expire, min(self._limits.idle / 4, 60)))
        return self

    def __exit__(self, *error):
        return self._stack.__exit__(*error)

    def __len__(self):
        return len(self._sessions)

    def get(self, key):
        """The session of a page, a new one if there is none.

        Args:
            key (str): Gradio's ``session_hash``, which browsers choose.

        Returns:
            Session: Of this page alone.
        """
        self.expire()
        with self._lock:
            if key not in self._sessions:
                self._sessions[key] = self._new(self._lost.pop(key, ''))
            session = self._sessions[key] = self._sessions.pop(key)  # last
            session.used = self._clock()
            many = len(self._sessions) - self._limits.visitors
            oldest = list(self._sessions.values())[:max(many, 0)]
        self._forget_if(lambda session: session in oldest, _CROWDED)
        return session

    def is_void(self, key, forgotten):
        """bool: Whether a question was sent before "Forget my photo".

        Args:
            key (str): See :meth:`get`.
            forgotten (int): How often the visitor had said that when sending
                the question; it comes from a browser.
        """
        with self._lock:
            session = self._sessions.get(key)
        return not isinstance(forgotten, int) or (
            session is not None and forgotten < session.forgotten)

    def forget(self, key, times=None):
        """Forget a session, if there is one.

        Args:
            key (str): See :meth:`get`.
            times (int, optional): How often the visitor has said so, who
                stays; see :meth:`is_void`.
        """
        with self._lock:
            session = self._sessions.pop(key, None)
            self._lost.pop(key, None)
            if times is not None:
                new = self._sessions[key] = self._new()
                new.forgotten, new.used = times, self._clock()
        if session is not None:
            session.close()

    def expire(self):
        """Forget the sessions that have been idle for too long."""
        end = self._clock() - self._limits.idle
        self._forget_if(lambda session: session.used < end, _IDLE)

    def _new(self, lost=''):
        return Session(self._folder / secrets.token_hex(8), self.kept,
                       self._limits, lost)

    def _forget_if(self, condition, why=''):
        with self._lock:
            gone = {key: session for key, session in self._sessions.items()
                    if condition(session)}
            for key, session in gone.items():
                del self._sessions[key]
                if why and session.photo is not None:
                    self._lost[key] = why
            while len(self._lost) > 10 * self._limits.visitors:
                self._lost.popitem(last=False)
        for session in gone.values():
            session.close(why)
