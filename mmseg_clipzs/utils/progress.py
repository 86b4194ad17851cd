"""Progress within one large photo, and an end to it."""
import time
from contextlib import contextmanager
from contextvars import ContextVar

from tqdm import tqdm

from .errors import UserError
from .numbers import check_number

_WANTED = ContextVar('progress within photos', default=False)
_END = ContextVar('time of the clock, and the limit in seconds', default=None)
_DELAY = 3  # seconds; most photos are done before


@contextmanager
def show_progress():
    """Let :func:`track` show bars within the block, in this thread."""
    token = _WANTED.set(True)
    try:
        yield
    finally:
        _WANTED.reset(token)


@contextmanager
def time_limit(seconds):
    """Give up what the block computes, in this thread, after some time.

    Windows, tiles and batches of words are each completed: it may take a
    little longer. Within another limit, the earlier end counts.

    Args:
        seconds (float | None): In (0, inf); None is no further limit.

    Raises:
        UserError: The time is up.
    """
    check_number('seconds', seconds, '(0, inf)', optional=True)
    before = _END.get()
    end = before if seconds is None else min(
        (time.monotonic() + seconds, seconds), before or (float('inf'), ))
    token = _END.set(end)
    try:
        yield
    finally:
        _END.reset(token)


def check_time():
    """Raise a UserError if the time of :func:`time_limit` is up."""
    end = _END.get()
    if end is not None and time.monotonic() >= end[0]:
        raise UserError(
            f'This takes more than {end[1]:g} seconds, the limit here: take a '
            'smaller photo, fewer words or a faster method.')


def track(items, what, total, of=lambda item: 1):
    """Show a bar where :func:`show_progress` asks for it.

    It appears after some seconds, on a terminal only, and goes at the end.

    Args:
        items (Iterable): What is done, one after the other.
        what (str): Name of the bar.
        total (int): Their number.
        of (Callable): Item -> how many it counts as.

    Yields:
        Any: The items.

    Raises:
        UserError: See :func:`time_limit`.
    """
    if not _WANTED.get():
        for item in items:
            check_time()
            yield item
        return
    with tqdm(desc=what, total=total, delay=_DELAY, disable=None,
              leave=False, unit_scale=True) as bar:
        for item in items:
            check_time()
            yield item
            bar.update(of(item))
