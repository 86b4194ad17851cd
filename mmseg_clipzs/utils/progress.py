"""Progress within one large photo, for those who ask for it."""
from contextlib import contextmanager
from contextvars import ContextVar

from tqdm import tqdm

_WANTED = ContextVar('progress within photos', default=False)
_DELAY = 3  # seconds; most photos are done before


@contextmanager
def show_progress():
    """Let :func:`track` show bars within the block, in this thread."""
    token = _WANTED.set(True)
    try:
        yield
    finally:
        _WANTED.reset(token)


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
    """
    if not _WANTED.get():
        yield from items
        return
    with tqdm(desc=what, total=total, delay=_DELAY, disable=None,
              leave=False, unit_scale=True) as bar:
        for item in items:
            yield item
            bar.update(of(item))
