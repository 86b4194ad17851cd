"""Memory for what can be computed again."""
import threading
from collections import OrderedDict


class Kept:
    """Values of several owners, up to a number of bytes.

    The values that are unused for the longest time go first. Threads may
    share it.

    Args:
        max_bytes (float): Of all values.
        own_bytes (float): Of the values of one owner.
    """

    def __init__(self, max_bytes, own_bytes):
        self._limits = max_bytes, own_bytes
        self._values = OrderedDict()  # (owner, key) -> (value, bytes)
        self._lock = threading.Lock()

    @property
    def nbytes(self):
        """int: Of all values."""
        with self._lock:
            return self._sum()

    def get(self, owner, key):
        """Any: The value; None if it has not been kept."""
        with self._lock:
            if (owner, key) not in self._values:
                return None
            self._values.move_to_end((owner, key))
            return self._values[owner, key][0]

    def put(self, owner, key, value, nbytes):
        """Keep a value, unless it alone is too large.

        Args:
            owner (Hashable): Whose it is.
            key (Hashable): Which of the owner's.
            value: Not None.
            nbytes (int): Its size.
        """
        with self._lock:
            self._values[owner, key] = value, nbytes
            self._values.move_to_end((owner, key))
            for limit, whose in zip(self._limits, (None, owner)):
                while self._sum(whose) > limit:
                    del self._values[next(
                        each for each in self._values
                        if whose in (None, each[0]))]

    def drop(self, owner):
        """Drop all values of an owner."""
        with self._lock:
            for key in [each for each in self._values if each[0] == owner]:
                del self._values[key]

    def _sum(self, owner=None):
        return sum(nbytes for (whose, _), (_, nbytes) in self._values.items()
                   if owner in (None, whose))
