"""Processes that share the photos."""
import atexit
import os
import threading
import time
import zlib
from contextlib import contextmanager

from mmseg_clipzs.utils import UserError

_BEAT = 2.  # seconds
_PATIENCE = 300.  # without a beat
_PART = 2**22  # bytes of one message


class Alone:
    """One process: it takes everything itself."""
    rank, size = 0, 1

    def __init__(self):
        self._counts, self._told = {}, {}

    def count(self, key, amount):
        """Add to a number that all processes share.

        Args:
            key (str): Its name.
            amount (int): What to add; 0 to ask.

        Returns:
            int: The sum, from 0.
        """
        self._counts[key] = self._counts.get(key, 0) + amount
        return self._counts[key]

    def share(self, key, make):
        """Make something in the first process, for all of them.

        Args:
            key (str): Its name, used once.
            make (Callable): -> bytes; called in the first process.

        Returns:
            bytes: The same in all processes.

        Raises:
            SystemExit: In the others, if the first one failed.
        """
        return make()

    def tell(self, key, text):
        """Let the first process know a text of this one.

        Args:
            key (str): Its name.
            text (str): Any text.
        """
        self._told[key] = text

    def told(self, key):
        """list[str]: What the processes have told."""
        return [self._told[key]]

    def wait(self, poll):
        """Wait in the first process for the end of the others.

        Args:
            poll (Callable): Called now and then.

        Returns:
            list[int]: Processes that are gone before their end.
        """
        return []

    def end(self):
        """Say that this process is done."""


class Team(Alone):
    """The processes that a launcher started.

    They talk through the store of torch.distributed. Each shows every two
    seconds that it lives, so that none waits for one that is gone.

    Args:
        rank (int): Of this process.
        size (int): Number of processes.
        store (torch.distributed.Store): Of all of them.
    """

    def __init__(self, rank, size, store):
        self.rank, self.size, self._store = rank, size, store
        self._seen, self._ends = {}, threading.Event()
        self._beats = threading.Thread(target=self._live, daemon=True)
        self._beats.start()
        atexit.register(self._stop)

    def _live(self):
        while True:
            try:
                self._store.add(f'beat/{self.rank}', 1)
            except RuntimeError:  # the store is gone, which others notice
                return
            if self._ends.wait(_BEAT):
                return

    def _stop(self):
        atexit.unregister(self._stop)
        self._ends.set()
        self._beats.join()

    def _is_gone(self, rank):
        """bool: Whether a process has not lived for a while."""
        beat, now = self._store.add(f'beat/{rank}', 0), time.monotonic()
        before, since = self._seen.get(rank, (None, now))
        self._seen[rank] = beat, since if beat == before else now
        return now - self._seen[rank][1] > _PATIENCE

    def count(self, key, amount):
        with self._first():
            return self._store.add(f'count/{key}', amount)

    def share(self, key, make):
        if self.rank == 0:
            try:
                content = zlib.compress(make(), 1)
            except BaseException:
                self._store.set(f'{key}/failed', '1')
                raise
            parts = range(0, len(content), _PART) or [0]
            for i, start in enumerate(parts):
                self._store.set(f'{key}/{i}', content[start:start + _PART])
            self._store.set(key, str(len(parts)))
            return zlib.decompress(content)
        with self._first():
            while not self._store.check([key]):
                if self._store.check([f'{key}/failed']) or self._is_gone(0):
                    raise SystemExit(1)  # the first process says why
                time.sleep(.05)
            parts = int(self._store.get(key))
            return zlib.decompress(b''.join(
                self._store.get(f'{key}/{i}') for i in range(parts)))

    def tell(self, key, text):
        with self._first():
            self._store.set(f'{key}/{self.rank}', text)

    def told(self, key):
        keys = [f'{key}/{rank}' for rank in range(self.size)]
        return [self._store.get(key).decode() for key in keys
                if self._store.check([key])]

    def wait(self, poll):
        waiting, gone = set(range(1, self.size)), []
        while waiting:
            for rank in sorted(waiting):
                if self._store.check([f'end/{rank}']):
                    waiting.remove(rank)
                elif self._is_gone(rank):
                    waiting.remove(rank)
                    gone.append(rank)
            poll()
            time.sleep(.05)
        return gone

    def end(self):
        with self._first():
            self._store.set(f'end/{self.rank}', '1')
        self._stop()

    @contextmanager
    def _first(self):
        """End if the first process, which has the store, is gone."""
        try:
            yield
        except RuntimeError as e:
            if self.rank != 1:  # one of them says it
                raise SystemExit(1) from e
            raise UserError('The first process is gone, so the others end. '
                            'The same command goes on.') from e


def join_team(launcher='none'):
    """Join the processes of a launcher.

    Args:
        launcher (str): 'none', 'pytorch', 'slurm' or 'mpi', as in mmseg's
            tools.

    Returns:
        Alone: Or a :class:`Team`.

    Raises:
        UserError: The launcher did not start this process, or torchrun did and
            is not named.
    """
    if launcher == 'none':
        if 'TORCHELASTIC_RUN_ID' in os.environ and int(
                os.environ.get('WORLD_SIZE', 1)) > 1:
            raise UserError(
                'torchrun started several processes, which would all do the '
                'same: add --launcher pytorch.')
        return Alone()
    from torch import distributed
    from torch.distributed.distributed_c10d import _get_default_store

    from mmseg_clipzs.run.cpu import join_processes
    join_processes(launcher)
    return Team(distributed.get_rank(), distributed.get_world_size(),
                distributed.PrefixStore('clipzs/', _get_default_store()))
