"""How far the photos are."""
import sys
import time

from mmengine.logging import print_log
from tqdm import tqdm

_LINES = 60.  # seconds between lines where there is no terminal


class Progress:
    """A bar with photos per second and the time left, of all processes.

    Without a terminal, as in the log of a cluster, a line each minute. Only
    the first process shows it.

    Args:
        team (Alone): The processes.
        total (int): Number of photos.
        before (int): Those that earlier runs have done.
    """

    def __init__(self, team, total, before):
        self.team, self.total, self.before = team, total, before

    def __enter__(self):
        self._bar = tqdm(
            total=self.total, initial=self.before, desc='photos',
            unit=' photos', leave=False, dynamic_ncols=True, smoothing=.1,
            delay=1,
            disable=bool(self.team.rank) or None)
        self._start = time.monotonic()
        self._next = self._start + _LINES
        return self

    def __exit__(self, *_):
        self._bar.close()

    def add(self, done, failed):
        """Count photos of this process.

        Args:
            done (int): With results.
            failed (int): Without.
        """
        self.team.count('done', done)
        self.team.count('failed', failed)
        self.show()

    def show(self):
        """Show what all processes have counted."""
        now = time.monotonic()
        is_line = self._bar.disable and now >= self._next
        if self.team.rank or not is_line and self._bar.disable:
            return
        done = self.before + self.counted('done') + self.counted('failed')
        self._bar.update(done - self._bar.n)
        if is_line:
            self._next = now + _LINES
            rate = (done - self.before) / (now - self._start)
            left = tqdm.format_interval((self.total - done) / rate) if (
                rate) else '?'
            print_log(f'{done} of {self.total} photos, {rate:.2f} photos/s, '
                      f'{left} left', 'current')
            sys.stdout.flush()

    def counted(self, key):
        """int: Photos of all processes: 'done' or 'failed'."""
        return self.team.count(key, 0)
