"""What belongs to one visitor."""
import threading
import time


class Session:
    """A visitor's photo and what has been computed of it.

    Attributes:
        photo (Path | None): The photo's file.
        photos (int): How many photos there have been.
        encoded (dict): Choice -> the encoded photo.
        results (list): ZeroShotResult of each method that is shown.
    """

    def __init__(self):
        self.photo, self.photos = None, 0
        self.encoded, self.results = {}, []
        self.used = time.monotonic()

    def set_photo(self, photo):
        """Replace the photo; what belongs to the old one is dropped."""
        self.photo, self.photos = photo, self.photos + 1
        self.encoded, self.results = {}, []


class Sessions:
    """The sessions of all visitors.

    Args:
        limits (Limits): How many are kept, and for how long.
    """

    def __init__(self, limits):
        self._limits, self._sessions = limits, {}
        self._lock = threading.Lock()

    def get(self, key):
        """Session: Of a page, by Gradio's ``session_hash``."""
        with self._lock:
            session = self._sessions.pop(key, None) or Session()
            session.used = time.monotonic()
            self._sessions[key] = session
            while len(self._sessions) > self._limits.visitors:
                del self._sessions[next(iter(self._sessions))]
            return session

    def forget(self, key):
        """Drop a session, if there is one."""
        with self._lock:
            self._sessions.pop(key, None)
